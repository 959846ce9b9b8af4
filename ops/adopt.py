"""`python -m ops adopt`: the files of an environment, from what exists in both clouds.

Exit code 0: they are written, 2: they can't be (nothing was written).
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import yaml

from clouds.access_attributes import read_attributes
from clouds.applications import read_application
from clouds.assignments import RATE
from clouds.aws import Aws
from clouds.facts import read_site
from clouds.graph import Graph
from clouds.live import read_live
from federation.access.access import load_access
from federation.core.errors import InvalidInput, Problem
from federation.identity.application import SYNCHRONIZATION_TEMPLATE, Application
from federation.identity.signing_certificate import label_of
from federation.update.adoption import (
    ACCESS_FILE,
    Adoption,
    Cause,
    Left,
    Live,
    adopt,
    differences,
)
from federation.update.settings import NAMESPACE
from ops.arguments import add_checkout_argument, command
from ops.cli import StackError
from ops.look import FOLDER, FileMemory, Teller
from ops.new_environment import STACK_NAME, policy_settings
from ops.terminal import one_line, show, working

HELP: Final = f"""\
Write the files of an environment from a live instance and its Entra application: access file,
policies, stack configuration.

It only reads both clouds: who has each permission set in each account takes a call each, {RATE:.0f}
a second, with progress; a look that was cut short goes on where it stopped. Nothing is written
before the files, loaded, resolve to exactly the assignments that exist. What can't be declared is
listed with the reason and left alone. The state comes next: python -m ops import-file.

example:
  python -m ops adopt --stack prod --region eu-west-1 --tenant 11111111-2222-3333-4444-555555555555

exit codes:
  0  written: the output names the files, what is left, and the next steps
  2  nothing was written: the sentence says why
"""

_WHY: Final[Mapping[Cause, str]] = {
    "controlTower": "AWS Control Tower made it and changes it",
    "unwritable": "an access file can't hold it",
    "setLeft": "its permission set stays outside",
    "deleted": "its group or person is gone from Identity Center; end it by hand",
    "local": "Identity Center's own, Entra does not provision it",
    "twice": "several groups of Identity Center are one of Entra; delete those that Entra lacks",
    "otherCase": "Entra writes the name in other case; provision the person again",
    "account": "AWS changes nothing in the account",
}


def add_arguments(parser: ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument(
        "-s", "--stack", metavar="NAME", required=True, help="the environment to write"
    )
    parser.add_argument(
        "--application",
        metavar="NAME|ID",
        help="the enterprise application, by display name or object id (default: the only one made "
        "from the gallery's AWS IAM Identity Center)",
    )
    parser.add_argument(
        "--literal", action="store_true", help="name accounts by id, never by organizational unit"
    )
    parser.add_argument("--region", help="Identity Center's region (default: the environment's)")
    parser.add_argument("--profile", help="profile of the AWS configuration files")
    parser.add_argument("--tenant", metavar="ID", help="the Entra tenant (default: ARM_TENANT_ID)")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="where access file and policies go (default: environments/NAME)",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="overwrite files there; a stack configuration is never overwritten",
    )
    add_checkout_argument(parser)


@command
def run(arguments: Namespace) -> int:
    """Read, prove, write. Raises InvalidInput, before anything is written."""
    _check(arguments)
    graph = Graph.connect({"tenantId": arguments.tenant} if arguments.tenant else {})
    aws = Aws(region=arguments.region, profile=arguments.profile)
    with working("reading both clouds"):
        application = read_application(graph, arguments.application)
        live, attributes = _read(arguments, aws, graph, application)
        adoption = adopt(live, literal=arguments.literal)
        _prove(adoption, live)
    folder = _folder(arguments)
    people = any(one.principal.type == "USER" for one in adoption.assignments)
    files = {folder / name: text for name, text in adoption.files.items()}
    files[folder / "policy.json"] = policy_settings(protect=False, people=people)
    stack_file = arguments.cwd / f"Pulumi.{arguments.stack}.yaml"
    configuration = _configuration(
        arguments, aws.region_name, graph.tenant_id, application, attributes
    )
    if not stack_file.exists():
        files[stack_file] = configuration
    _write(files, force=arguments.force)
    lines = [
        *_summary(adoption, application),
        *(f"wrote {file}" for file in files),
        *([] if stack_file in files else _kept(stack_file, configuration)),
        "",
        *_next_steps(arguments.stack),
    ]
    show("\n".join(map(one_line, lines)) + "\n")
    return 0


def _check(arguments: Namespace) -> None:
    wrong = []
    if not STACK_NAME.fullmatch(arguments.stack):
        text = (
            f"{arguments.stack!r} is no name of an environment: 2 to 32 lower-case letters, digits "
            "and hyphens, a letter first, such as prod or eu-test."
        )
        wrong.append(Problem(path="--stack", message=text))
    if not (arguments.cwd / "Pulumi.yaml").is_file():
        text = f"{arguments.cwd} holds no Pulumi.yaml; name the checkout."
        wrong.append(Problem(path="-C", message=text))
    # Asked for before the look, which takes minutes.
    access = _folder(arguments) / ACCESS_FILE
    if access.exists() and not arguments.force:
        wrong.append(_taken(access))
    if wrong:
        raise InvalidInput(wrong)


def _folder(arguments: Namespace) -> Path:
    folder: Path = arguments.out or Path("environments") / arguments.stack
    return Path(arguments.cwd) / folder


def _read(
    arguments: Namespace, aws: Aws, graph: Graph, application: Application
) -> tuple[Live, Mapping[str, str]]:
    """What access consists of, and the attributes for access control."""
    site = read_site(aws, tags=False)
    if site.instance is None:
        raise StackError(f"IAM Identity Center is not enabled in {aws.region_name}")
    scope = sha256(json.dumps(["adopt", site.instance.arn]).encode()).hexdigest()
    memory = FileMemory(arguments.cwd / FOLDER / f"adopt-{arguments.stack}.jsonl", scope=scope)
    attributes = read_attributes(aws, site.instance.arn) or {}
    live = read_live(
        aws,
        graph,
        site.organization,
        site.instance,
        application,
        memory=memory,
        progress=Teller(),
    )
    return live, attributes


def _prove(adoption: Adoption, live: Live) -> None:
    """Load what would be written. Raises StackError where it is not exactly what exists."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        _write({folder / file: text for file, text in adoption.files.items()}, force=False)
        access = load_access([ACCESS_FILE], root=folder)
    found = differences(access, adoption, live.organization)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise StackError(f"the files would not say what exists: {found[0]}{more}; nothing written")


def _write(files: Mapping[Path, str], *, force: bool) -> None:
    taken = [file for file in files if file.exists()]
    if taken and not force:
        raise InvalidInput(map(_taken, taken))
    for file, text in files.items():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            # "x": whoever came in between is not overwritten either.
            with file.open("w" if force else "x", encoding="utf-8") as opened:
                opened.write(text)
        except OSError as error:
            sentence = f"the file can't be written: {error.strerror}."
            raise InvalidInput([Problem(path=str(file), message=sentence)]) from None


def _taken(file: Path) -> Problem:
    text = "exists already; nothing was written: name another folder with --out, or say --force."
    return Problem(path=str(file), message=text)


def _configuration(
    arguments: Namespace,
    region: str,
    tenant: str,
    application: Application,
    attributes: Mapping[str, str],
) -> str:
    """The stack configuration in phase app; what no interface shows stands in it as comments."""
    folder = arguments.out or Path("environments") / arguments.stack
    # One that the program has not named would be replaced: it stays outside, and goes on signing.
    own = "initial" in {label_of(one.name, otherwise="") for one in application.certificates}
    values = {
        "aws:region": region,
        "azuread:tenantId": tenant,
        f"{NAMESPACE}:enterpriseApp": {
            "name": application.name,
            "notificationEmails": list(application.notification_emails[:5]),
            **({} if own else {"signingCertificates": {"initial": "retired"}}),
        },
        f"{NAMESPACE}:access": (folder / ACCESS_FILE).as_posix(),
    }
    text = yaml.safe_dump({"config": values}, sort_keys=False, allow_unicode=True, width=1000)
    portal = json.dumps(application.sign_on_url or "https://example.awsapps.com/start")
    return (
        "# yaml-language-server: $schema=schema/settings.schema.json\n"
        "# From what exists, by python -m ops adopt. Phase app, until the lines below are true.\n"
        f"{text}"
        "  # The metadata file comes from the console (Settings, Identity source).\n"
        f"  # {NAMESPACE}:identityCenter:\n"
        f"  #   accessPortalUrl: {portal}\n"
        f"  #   serviceProviderMetadata: environments/{arguments.stack}/service-provider.xml\n"
        f"{_attributes(attributes)}"
        "  # A second token from the console (Settings, Automatic provisioning): nobody can read\n"
        "  # the first. Delete that once Pulumi has written the second to Entra.\n"
        f"  # {NAMESPACE}:provisioning:\n"
        f"  #   endpoint: https://scim.{region}.amazonaws.com/<tenant id>/scim/v2\n"
        "  #   accessToken: {secure: ...}\n"
        "  #   tokenExpires: 2027-11-20\n"
    )


def _attributes(attributes: Mapping[str, str]) -> str:
    """Attributes for access control, as they are: comments like all of their section."""
    if not attributes:
        return ""
    lines = (
        f"  #     {json.dumps(key)}: {json.dumps(source)}\n"
        for key, source in sorted(attributes.items())
    )
    return "  #   accessControlAttributes:\n" + "".join(lines)


def _kept(stack_file: Path, configuration: str) -> Iterator[str]:
    yield f"{stack_file} exists and stays as it is; what was read would be:"
    yield from (f"    {line}" for line in configuration.splitlines())


def _summary(adoption: Adoption, application: Application) -> Iterator[str]:
    accounts = {one.account for one in adoption.assignments}
    yield (
        f"✔ {len(adoption.assignments):,} assignments of {len(adoption.contents):,} permission "
        f"sets in {len(accounts):,} accounts: the files resolve to exactly these."
    )
    if adoption.mixed:
        yield (
            f"⚠ {', '.join(adoption.mixed)}: assignments in the management account and in others. "
            "A delegated administrator can't change such a set at all; guards.severity of "
            "managementAssignments is warn until each is two sets."
        )
    yield from _application(adoption, application)
    yield from _left(adoption.left)


def _application(adoption: Adoption, application: Application) -> Iterator[str]:
    yield f"Application {application.name} ({application.object_id}), as it is:"
    yield f"    identifiers: {', '.join(application.identifier_uris) or 'none'}"
    yield f"    reply URLs: {', '.join(application.reply_urls) or 'none'}"
    for one in application.certificates:
        yield f"    certificate {one.name or 'without a name'}, until {one.ends}"
    for template, job in application.jobs.items():
        yield f"    provisioning job {job} ({template})"
    if application.sign_on_mode != "saml":
        mode = application.sign_on_mode or "not set"
        yield f"⚠ its sign-on mode is {mode}: the stack makes it saml"
    if not application.assignment_required:
        yield "⚠ whoever is not assigned to it signs in today; the stack ends that"
    if application.jobs and SYNCHRONIZATION_TEMPLATE not in application.jobs:
        yield (
            f"⚠ no provisioning job is of the template {SYNCHRONIZATION_TEMPLATE}: the stack makes "
            "one more"
        )
    for name in application.in_other_roles:
        yield f"⚠ {name} has another app role than User: the stack gives User beside it"
    missing = [
        str(key)
        for key, ident in sorted(adoption.object_ids.items())
        if ident not in application.assigned
    ]
    for who in missing:
        yield f"⚠ {who} has access and is not assigned to the application: the stack assigns it"


def _left(left: tuple[Left, ...]) -> Iterator[str]:
    if left:
        yield "Left alone, outside the stack:"
    for one in left:
        what = "permission set" if one.kind == "permissionSet" else one.kind
        detail = f" ({one.detail})" if one.detail else ""
        yield f"  - {what} {one.name}: {_WHY[one.cause]}{detail}"


def _next_steps(name: str) -> list[str]:
    return [
        "Next, docs/adopting.md tells why:",
        "  1. Read the files as a review of today's access; give each rule an owner.",
        f"  2. pulumi stack init {name}, and the commented lines of Pulumi.{name}.yaml.",
        "  3. Stop whatever manages the instance now: two owners undo each other's changes.",
        f"  4. python -m ops import-file --stack {name} imports.json, then pulumi import --file",
        "     imports.json --generate-code=false --protect=false. Until then run no pulumi up: it",
        "     would make all of it a second time, or fail.",
        "  5. pulumi preview must make the SCIM secret alone, and replace or delete nothing.",
        "  6. Let the former owner forget it (terraform state rm, never destroy); then pulumi up.",
    ]
