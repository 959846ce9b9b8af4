"""The steps that only a person can do in the AWS console, since AWS has no public API for them.

The one place that says where to choose what; `nextSteps` and `python -m ops handoff` show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from federation.update.settings import NAMESPACE


@dataclass(frozen=True, kw_only=True)
class ConsoleStep:
    """One step; `number` counts as the fourteen steps of the README do.

    `do` is what to choose, from the settings page on; `save_as` where the file from there goes,
    `run` the commands afterwards, `warning` what can't be undone. No text is longer than 150
    characters: `pulumi up` cuts an output's strings there.
    """

    number: int
    title: str
    needs: str
    do: str
    save_as: str = ""
    run: tuple[str, ...] = ()
    warning: str = ""


def console_steps(*, region: str, stack: str) -> Mapping[int, ConsoleStep]:
    """Steps 1, 2, 3, 8 and 9 by number. Source: IAM Identity Center user guide."""
    source = "Settings > Identity source > Actions"
    metadata = f"environments/{stack}/service-provider.xml"
    steps = (
        ConsoleStep(
            number=1,
            title="Enable IAM Identity Center",
            needs="the management account, or its administrator",
            do="In the management account, Enable IAM Identity Center with AWS Organizations.",
            warning=f"The home region, {region}, can't be changed afterwards.",
        ),
        ConsoleStep(
            number=2,
            title="Name the access portal",
            needs="a name of 1 to 63 letters, digits and hyphens that nobody else has",
            do=f"{source} > Customize AWS access portal URL.",
            run=(configure("identityCenter.accessPortalUrl", "<AWS access portal URL>"),),
            warning="The portal's name can be chosen once.",
        ),
        ConsoleStep(
            number=3,
            title="Download the SP metadata",
            needs="nothing; the page can be left without a change",
            do=f"{source} > Change identity source > External identity provider > Download "
            "metadata file; keep the page open.",
            save_as=metadata,
            run=(configure("identityCenter.serviceProviderMetadata", metadata), "pulumi up"),
        ),
        ConsoleStep(
            number=8,
            title="Upload the federation metadata",
            needs="the page of step 3, another way into every account, and a list of what names "
            "the old roles (KMS key policies, EKS access)",
            do="On the page of step 3, choose the document at the URL that `pulumi stack output "
            "federationMetadataUrl` prints; type ACCEPT and Change identity source.",
            # AWS user guide, "Considerations for changing your identity source".
            warning="This removes the existing assignments and their roles: keep another way into "
            "every account, such as a break-glass IAM user.",
        ),
        ConsoleStep(
            number=9,
            title="Enable automatic provisioning",
            needs="the external identity provider of step 8",
            do="Settings > Automatic provisioning > Enable; copy both values now, the token is "
            "shown once and is valid for a year.",
            run=(configure("provisioning.endpoint", "<SCIM endpoint>"), *set_token()),
            warning="Users and groups can no longer be edited in the AWS console.",
        ),
    )
    return {step.number: step for step in steps}


def set_token() -> tuple[str, ...]:
    """The commands that bring a new SCIM token to Entra."""
    return (
        configure("provisioning.accessToken", "<Access token>", secret=True),
        configure("provisioning.tokenExpires", "<YYYY-MM-DD>"),
        "pulumi up",
    )


def configure(key: str, value: str, *, secret: bool = False) -> str:
    """The command that sets one setting of the stack."""
    option = " --secret" if secret else ""
    return f"pulumi config set --path{option} {NAMESPACE}:{key} {value}"
