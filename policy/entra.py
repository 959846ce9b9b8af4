"""Rules about the enterprise application: who may sign in, and whom provisioning touches."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from pulumi_policy import (
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    StackValidationArgs,
)

from federation.identity.saml_metadata import LOOPBACK, sign_in_partition
from policy.reading import (
    APPLICATION,
    AWS_PROVIDER,
    CERTIFICATE,
    JOB,
    REPLY_URLS,
    SECRET,
    SERVICE_PRINCIPAL,
    document,
    is_excepted,
    known,
    moment,
    of_type,
    owner,
)

# Entra, "Manage certificates for federated single sign-on": certificates last three years.
CERTIFICATE_YEARS: Final = 3
EXPIRY_DAYS: Final = 60
# Entra, "Accidental deletions prevention": the threshold's own default.
DELETE_THRESHOLD: Final = 500


def assignment_required(args: ResourceValidationArgs, report: ReportViolation) -> None:
    """A SAML application that everybody in the tenant may use; the provider's default."""
    if args.resource_type != SERVICE_PRINCIPAL:
        return
    saml = known(args.props, "preferredSingleSignOnMode", "") == "saml"
    if saml and known(args.props, "appRoleAssignmentRequired", False) is not True:
        report(
            f"{args.name} lets everybody in the tenant sign in: set appRoleAssignmentRequired.",
            None,
        )


def saml_sign_on(args: StackValidationArgs, report: ReportViolation) -> None:
    """A federated application whose sign-on is open, or not SAML, or switched off.

    Federated is what has a token-signing certificate or provisioning in this stack.
    """
    federated = {
        owner(one, "servicePrincipalId") for one in of_type(args, CERTIFICATE, SECRET, JOB)
    }
    for principal in of_type(args, SERVICE_PRINCIPAL):
        if principal.urn not in federated and known(principal.props, "id", "") not in federated:
            continue
        mode = known(principal.props, "preferredSingleSignOnMode", "")
        if mode != "saml":
            report(
                f"{principal.name} is federated, but its sign-on mode is {mode or 'not set'}: "
                "set preferredSingleSignOnMode to saml.",
                principal.urn,
            )
        if known(principal.props, "accountEnabled", True) is False:
            report(f"{principal.name} is switched off: nobody can sign in.", principal.urn)
        if known(principal.props, "appRoleAssignmentRequired", False) is not True:
            report(
                f"{principal.name} is federated and open to everybody in the tenant: set "
                "appRoleAssignmentRequired.",
                principal.urn,
            )


def certificate_lifetime(args: ResourceValidationArgs, report: ReportViolation) -> None:
    """A signing certificate that outlives what Entra itself would issue."""
    if args.resource_type != CERTIFICATE:
        return
    years = float(args.get_config().get("years", CERTIFICATE_YEARS))
    ends = moment(known(args.props, "endDate", ""))
    # A day of grace: a calendar year has 365 or 366 days.
    if ends and ends - datetime.now(UTC) > timedelta(days=years * 365.25 + 1):
        report(f"{args.name} is valid until {ends.date()}, longer than {years:g} years.", None)


def certificate_expiry(args: StackValidationArgs, report: ReportViolation) -> None:
    """A service principal whose last signing certificate ends soon: then nobody signs in."""
    days = int(args.get_config().get("days", EXPIRY_DAYS))
    last: dict[str, tuple[datetime, PolicyResource]] = {}
    for certificate in of_type(args, CERTIFICATE):
        ends = moment(known(certificate.props, "endDate", ""))
        principal = owner(certificate, "servicePrincipalId")
        if ends and (principal not in last or ends > last[principal][0]):
            last[principal] = (ends, certificate)
    for ends, certificate in last.values():
        left = (ends - datetime.now(UTC)).days
        if left < days:
            when = f"expires in {left} days" if left >= 0 else f"expired {-left} days ago"
            report(f"{certificate.name} {when}: add a new one and roll over.", certificate.urn)


def reply_urls(args: ResourceValidationArgs, report: ReportViolation) -> None:
    """A reply URL of an application that is not AWS's.

    Whoever answers there gets the assertions that people sign in to AWS with.
    """
    config = args.get_config()
    if args.resource_type != REPLY_URLS or is_excepted(args.name, config.get("except", ())):
        return
    loopback = bool(config.get("loopback"))
    for url in known(args.props, "redirectUris", ()):
        here = loopback and urlsplit(str(url)).hostname in LOOPBACK
        if not here and sign_in_partition(str(url)) is None:
            report(f"{args.name} sends sign-ins to {url}, which is no sign-in host of AWS.", None)


def scim_endpoint(args: StackValidationArgs, report: ReportViolation) -> None:
    """A SCIM endpoint that is not https, not AWS's, or of another region than AWS's provider.

    The token goes wherever this points.
    """
    config = args.get_config()
    regions = {str(config["region"])} if config.get("region") else _regions(args)
    for secret in of_type(args, SECRET):
        address = _credentials(secret.props).get("BaseAddress", "")
        wrong = _wrong_endpoint(address, regions, loopback=bool(config.get("loopback")))
        if wrong:
            report(f"the SCIM endpoint of {secret.name} {wrong}.", secret.urn)


def _wrong_endpoint(address: str, regions: set[str], *, loopback: bool) -> str:
    url = urlsplit(address)
    host = url.hostname or ""
    if not address or (loopback and host in LOOPBACK):
        return ""
    if url.scheme != "https":
        return f"is not https ({url.scheme}://{host}), so that its token is sent in clear text"
    # AWS SCIM developer guide: https://scim.<region>.amazonaws.com/<tenant id>/scim/v2, and the
    # dual-stack host under api.aws.
    service, _, rest = host.partition(".")
    region, _, domain = rest.partition(".")
    if service != "scim" or domain not in ("amazonaws.com", "amazonaws.com.cn", "api.aws"):
        return f"is on {host}, which is not AWS's"
    if regions and region not in regions:
        return f"is in {region}, but AWS's provider works in {', '.join(sorted(regions))}"
    return ""


def _regions(args: StackValidationArgs) -> set[str]:
    """The regions of the AWS providers in this stack."""
    found = {str(known(one.props, "region", "")) for one in of_type(args, AWS_PROVIDER)}
    found |= {
        str(known(one.provider.props, "region", ""))
        for one in args.resources
        if one.provider and one.resource_type.startswith("aws:ssoadmin/")
    }
    return found - {""}


def scim_scope(args: ResourceValidationArgs, report: ReportViolation) -> None:
    """Provisioning of the whole tenant instead of the assigned people and groups."""
    if args.resource_type == SECRET and (
        _credentials(args.props).get("SyncAll", "false").lower() != "false"
    ):
        report(
            f"{args.name} provisions everybody in the tenant: set SyncAll to false, so that only "
            "assigned people and groups go to AWS.",
            None,
        )


def delete_threshold(args: ResourceValidationArgs, report: ReportViolation) -> None:
    """Provisioning that deletes any number of people and groups without asking."""
    if args.resource_type != SECRET:
        return
    highest = int(args.get_config().get("highest", DELETE_THRESHOLD))
    settings = document(_credentials(args.props).get("SyncNotificationSettings", ""))
    if settings.get("DeleteThresholdEnabled") is not True:
        report(
            f"{args.name} has no delete threshold: set DeleteThresholdEnabled in "
            "SyncNotificationSettings, or one wrong scope deletes everybody in AWS.",
            None,
        )
    elif int(settings.get("DeleteThresholdValue") or 0) > highest:
        report(
            f"{args.name} deletes up to {settings['DeleteThresholdValue']} people and groups "
            f"without asking, more than {highest}.",
            None,
        )


def provisioning_enabled(args: ResourceValidationArgs, report: ReportViolation) -> None:
    """A job that is switched off: people who leave stay in AWS."""
    if args.resource_type == JOB and known(args.props, "enabled", True) is False:
        report(f"{args.name} is switched off: people who leave Entra stay in AWS.", None)


def protected(args: ResourceValidationArgs, report: ReportViolation) -> None:
    """What a production federation can't lose by accident, without protection."""
    kept = (APPLICATION, SERVICE_PRINCIPAL, CERTIFICATE, SECRET, JOB)
    if args.resource_type in kept and not args.opts.protect:
        report(f"{args.name} is not protected from deletion: set protect.", None)


def _credentials(props: Mapping[str, Any]) -> dict[str, str]:
    """A synchronization secret's settings by key; what is not known yet is left out."""
    found = {}
    for entry in known(props, "credentials", ()):
        key = known(entry, "key", "")
        if key != "SecretToken":
            found[str(key)] = str(known(entry, "value", ""))
    return found
