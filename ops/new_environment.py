"""`python -m ops new-environment NAME`: the files of one more environment.

Exit code 0: they are written, 2: they can't be (nothing was written).
"""

from __future__ import annotations

import json
import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any, Final

from federation.core.errors import InvalidInput, Problem
from ops.arguments import add_checkout_argument

# Part of stack names, folders, workflow inputs and OIDC subjects: nothing that any of them quotes.
STACK_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,30}[a-z0-9]", re.ASCII)
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-\d", re.ASCII)
_TENANT: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_NO_TENANT: Final = "00000000-0000-0000-0000-000000000000"

_CONFIGURATION: Final = """\
# yaml-language-server: $schema=schema/settings.schema.json
# Phase app. `pulumi up` says what to do next in its output nextSteps.
config:
  aws:region: {region}
  azuread:tenantId: {tenant}{tenant_comment}
  entra-identity-center:enterpriseApp:
    name: AWS IAM Identity Center ({name})
    notificationEmails: []
  # Steps 1 to 3, once done in the console:
  # entra-identity-center:identityCenter:
  #   accessPortalUrl: https://example-{name}.awsapps.com/start
  #   serviceProviderMetadata: environments/{name}/service-provider.xml
  # Step 9; the token with `pulumi config set --path --secret`:
  # entra-identity-center:provisioning:
  #   endpoint: https://scim.{region}.amazonaws.com/11111111111-2222-3333-4444-555555555555/scim/v2
  #   accessToken: {{secure: ...}}
  #   tokenExpires: 2027-11-20
  entra-identity-center:access: environments/{name}/access.yaml
{protect}"""

_PROTECT: Final = """\
  # The application, its service principal, certificate, secret and job; never sets and assignments.
  entra-identity-center:protect: true
"""

_ACCESS: Final = """\
# yaml-language-server: $schema=../../schema/access.schema.json
# Who gets what, where. Reviewed by the people who own access; docs/operations.md tells more.
permissionSets:
  Administrator:
    description: Everything, in emergencies
    sessionDuration: PT1H
    managedPolicies: [AdministratorAccess]
  ReadOnly:
    description: Look, do not touch
    sessionDuration: PT8H
    managedPolicies: [ReadOnlyAccess]

# groups: # keys are ours and never change; names may
#   platform: {displayName: AWS-Platform}
#   break-glass: {displayName: AWS-Break-Glass}
# rules:
#   - id: platform-reads
#     owner: platform@example.com
#     group: platform
#     permissionSets: [ReadOnly]
#     targets: [{ou: /}]
#   - id: break-glass
#     owner: security@example.com
#     group: break-glass
#     permissionSets: [Administrator]
#     targets: [{ou: Workloads/Prod}]
#     protected: acknowledged

guards:
  # breakGlass: [break-glass]
  # protectedAccounts: [{ou: Workloads/Prod}]
  maxRemovals: 20
  requireOwner: error
  usersInsteadOfGroups: error
"""

_NEXT: Final = """\
Next, docs/environments.md tells why:
  1. In Pulumi.{name}.yaml: tenant, region, name and who is reminded.
  2. pulumi stack init {name} --secrets-provider="awskms://alias/..."
  3. In environments/{name}/access.yaml: groups and rules; in policy.json: the protected accounts.
  4. A protected environment "{name}" in the repository's settings, with its variables.
  5. pulumi preview --stack {name}, then a pull request.
"""


HELP: Final = """\
Write the files of one more environment: its stack configuration and an access file to begin with.

Existing files are never overwritten.

example:
  python -m ops new-environment test --tenant 11111111-2222-3333-4444-555555555555

exit codes:
  0  written: the output names the files and the next steps
  2  nothing was written: the sentence says why
"""


def add_arguments(parser: ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument(
        "name", metavar="NAME", help="letters, digits, hyphens; such as prod or eu-test"
    )
    parser.add_argument("--region", default="eu-west-1", help="Identity Center's home region")
    parser.add_argument("--tenant", default=_NO_TENANT, metavar="ID", help="the Entra tenant's id")
    parser.add_argument(
        "--protect", action="store_true", help="protect the application and provisioning"
    )
    add_checkout_argument(parser)


def run(arguments: Namespace) -> int:
    """Write the files. Raises InvalidInput, before anything is written."""
    check(arguments)
    files = contents(arguments)
    taken = sorted(name for name in files if (arguments.cwd / name).exists())
    if taken:
        raise InvalidInput(
            [
                Problem(
                    path=name, message="exists already; nothing was written, choose a new NAME."
                )
                for name in taken
            ]
        )
    for name, text in files.items():
        path = arguments.cwd / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # "x": whoever came in between is not overwritten either.
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise InvalidInput(
                [Problem(path=name, message=f"the file can't be written: {error.strerror}.")]
            ) from None
        sys.stdout.write(f"wrote {name}\n")
    sys.stdout.write("\n" + _NEXT.format(name=arguments.name))
    return 0


def check(arguments: Namespace) -> None:
    """Raise InvalidInput for a name, region or tenant that can't be one."""
    wrong = []
    if not STACK_NAME.fullmatch(arguments.name):
        wrong.append(
            Problem(
                path="NAME",
                message=f"{arguments.name!r} is no name of an environment: 2 to 32 lower-case "
                "letters, digits and hyphens, a letter first, such as prod or eu-test.",
            )
        )
    if not _REGION.fullmatch(arguments.region):
        wrong.append(
            Problem(
                path="--region",
                message=f"{arguments.region!r} is no AWS region such as eu-west-1.",
            )
        )
    if not _TENANT.fullmatch(arguments.tenant.lower()):
        wrong.append(
            Problem(
                path="--tenant",
                message=f"{arguments.tenant!r} is no tenant id: it has the form of {_NO_TENANT}.",
            )
        )
    if not (arguments.cwd / "Pulumi.yaml").is_file():
        wrong.append(
            Problem(path="-C", message=f"{arguments.cwd} holds no Pulumi.yaml; name the checkout.")
        )
    if wrong:
        raise InvalidInput(wrong)


def contents(arguments: Namespace) -> Mapping[str, str]:
    """The text of each file of the environment, by its path in the repository."""
    name, tenant = arguments.name, arguments.tenant.lower()
    return {
        f"Pulumi.{name}.yaml": _CONFIGURATION.format(
            name=name,
            region=arguments.region,
            tenant=tenant,
            tenant_comment=" # yours" if tenant == _NO_TENANT else "",
            protect=_PROTECT if arguments.protect else "",
        ),
        f"environments/{name}/access.yaml": _ACCESS,
        f"environments/{name}/policy.json": policy_settings(protect=arguments.protect),
    }


def policy_settings(*, protect: bool, people: bool = False) -> str:
    """The text of a `policy.json`: how the policy pack is set.

    `protect`: the stack protects its application. `people`: rules give access to people directly.
    """
    settings: dict[str, Any] = {
        "protected": "mandatory" if protect else "disabled",
        "protected-accounts": {"accounts": []},
        "groups-not-users": "advisory" if people else "mandatory",
    }
    return json.dumps(settings, indent=2) + "\n"
