"""Kinds of change, each as its author makes it; used to record previews of the real engine.

A kind is a generator: it makes the change, yields while the preview runs, and takes it back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.engine import members
from tests.engine.federation import Federation
from tests.ops.diff.base import OWNER

Kind = Callable[[Federation], Iterator[None]]
Access = dict[str, Any]
# In the order in which they are recorded: those that nothing takes back come last.
KINDS: dict[str, Kind] = {}


def _kind(play: Kind) -> Kind:
    KINDS[play.__name__.replace("_", "-")] = play
    return play


def _access(change: Callable[[Access], object]) -> None:
    """A kind that only edits the access file."""

    def play(federation: Federation) -> Iterator[None]:
        federation.change_access(change)
        yield

    KINDS[change.__name__.replace("_", "-")] = play


def _rule(access: Access, ident: str) -> dict[str, Any]:
    found: dict[str, Any] = next(rule for rule in access["rules"] if rule["id"] == ident)
    return found


def _add_rule(access: Access, group: str, sets: list[str], *targets: Access, **more: Any) -> None:
    access["rules"].append(
        {
            "id": f"{group}-more",
            "owner": OWNER,
            "group": group,
            "permissionSets": sets,
            "targets": list(targets),
            **more,
        }
    )


def _set(access: Access, name: str) -> dict[str, Any]:
    found: dict[str, Any] = access["permissionSets"][name]
    return found


@_access
def unchanged(_: Access) -> None:
    """Nothing."""


@_kind
def several_changes(federation: Federation) -> Iterator[None]:
    """A pull request of an ordinary week: docs/pull-requests.md shows its comment."""

    def change(access: Access) -> None:
        _add_rule(access, "platform", ["Administrator"], {"ou": "Workloads/Prod"})
        _rule(access, "platform-more")["protected"] = "acknowledged"
        _rule(access, "developers-deploy")["targets"].append({"accountName": "team-sandbox-2"})
        access["rules"].remove(_rule(access, "contractors-look"))
        statements = _set(access, "Deploy")["inlinePolicy"]["Statement"]
        statements.append({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"})
        del _set(access, "Deploy")["permissionsBoundary"]
        access["groups"]["migration"]["members"].append("xena@example.com")

    federation.change_access(change)
    soon = datetime.now(UTC).date() + timedelta(days=41)
    federation.stack.set_config("provisioning.tokenExpires", soon.isoformat())
    yield


@_access
def group_added(access: Access) -> None:
    access["groups"]["audit"] = {"displayName": "AWS-Security-Audit"}
    _add_rule(access, "audit", ["ReadOnly"], {"ou": "/"}, **{"except": [{"ou": "Sandbox"}]})
    _rule(access, "audit-more")["except"] += [
        {"accountName": "log-archive"},
        {"account": "111122223333"},
    ]


@_access
def group_created(access: Access) -> None:
    access["groups"]["interns"] = {
        "displayName": "AWS-Interns",
        "create": True,
        "owners": ["ada@example.com"],
        "members": ["xena@example.com", "yuri@example.com"],
    }
    _add_rule(access, "interns", ["ReadOnly"], {"ou": "Sandbox"})


@_access
def group_removed(access: Access) -> None:
    del access["groups"]["contractors"]
    access["rules"].remove(_rule(access, "contractors-look"))


@_access
def group_key_moved(access: Access) -> None:
    access["groups"]["builders"] = access["groups"].pop("developers")
    _rule(access, "developers-deploy")["group"] = "builders"
    access["moved"] = {"developers": "builders"}


@_access
def group_renamed(access: Access) -> None:
    access["groups"]["migration"]["displayName"] = "AWS-Migration-2027"


@_access
def members_changed(access: Access) -> None:
    access["groups"]["migration"]["members"] = ["xena@example.com", "yuri@example.com"]


@_kind
def members_changed_outside(federation: Federation) -> Iterator[None]:
    graph, group = federation.sandbox.graph, "AWS-Migration"
    wendy, xena = "wendy@example.com", "xena@example.com"
    members.link(graph, group, xena)
    members.link(graph, group, xena, "owners")
    members.unlink(graph, group, wendy)
    yield
    members.link(graph, group, wendy)
    members.unlink(graph, group, xena, "owners")
    members.unlink(graph, group, xena)


@_access
def owners_changed(access: Access) -> None:
    access["groups"]["migration"]["owners"] = ["ada@example.com", "xena@example.com"]


@_kind
def person_in_two_groups(federation: Federation) -> Iterator[None]:
    graph, group, carol = federation.sandbox.graph, "AWS-Developers", "carol@example.com"
    federation.change_access(
        lambda access: _add_rule(access, "contractors", ["Administrator"], {"ou": "Workloads/Dev"})
    )
    members.link(graph, group, carol)
    yield
    members.unlink(graph, group, carol)


@_access
def user_added(access: Access) -> None:
    access["users"]["erin"] = {"userPrincipalName": "erin@example.com"}
    access["rules"].append(
        {
            "id": "erin-billing",
            "owner": OWNER,
            "user": "erin",
            "permissionSets": ["ReadOnly"],
            "targets": [{"accountName": "billing-prod"}],
        }
    )


@_access
def admin_on_protected(access: Access) -> None:
    targets = ({"ou": "Workloads"}, {"ou": "Sandbox"})
    _add_rule(access, "platform", ["Administrator"], *targets, protected="acknowledged")


@_access
def admin_elsewhere(access: Access) -> None:
    _add_rule(access, "platform", ["Administrator"], {"ou": "Sandbox"})


@_access
def rule_added(access: Access) -> None:
    _add_rule(access, "data", ["ReadOnly"], {"ou": "Workloads"}, {"ou": "Sandbox"})


@_access
def rule_removed(access: Access) -> None:
    access["rules"].remove(_rule(access, "data-on-billing"))


@_access
def rule_expired(access: Access) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    _rule(access, "contractors-look")["until"] = yesterday


@_access
def exclusion_added(access: Access) -> None:
    _rule(access, "platform-look")["except"] = [{"ou": "Workloads/Prod"}]


@_access
def never_added(access: Access) -> None:
    access["guards"]["never"].append({"accountName": "network-prod"})


@_access
def targets_swapped(access: Access) -> None:
    _rule(access, "developers-deploy")["targets"] = [
        {"accountName": "web-dev"},
        {"accountName": "team-sandbox-2"},
    ]


@_access
def set_added(access: Access) -> None:
    access["permissionSets"]["Audit"] = {
        "description": "Read the security configuration",
        "sessionDuration": "PT90M",
        "managedPolicies": ["SecurityAudit"],
        "inlinePolicy": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject", "s3:ListBucket"],
                    "Resource": ["arn:aws:s3:::trail", "arn:aws:s3:::trail/*"],
                    "Condition": {"Bool": {"aws:SecureTransport": "true"}},
                }
            ],
        },
    }
    _add_rule(access, "contractors", ["Audit"], {"accountName": "audit"})


@_access
def set_removed(access: Access) -> None:
    del access["permissionSets"]["Deploy"]
    access["guards"]["separationOfDuties"] = [["ReadOnly", "Administrator"]]
    for ident in ("developers-deploy", "migration"):
        access["rules"].remove(_rule(access, ident))


@_access
def set_renamed(access: Access) -> None:
    access["permissionSets"]["Look"] = access["permissionSets"].pop("ReadOnly")
    for rule in access["rules"]:
        rule["permissionSets"] = [
            "Look" if name == "ReadOnly" else name for name in rule["permissionSets"]
        ]


@_access
def policy_widened(access: Access) -> None:
    statements = _set(access, "Deploy")["inlinePolicy"]["Statement"]
    statements[0]["Action"].append("s3:GetObject")
    statements.append({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"})


@_access
def policy_narrowed(access: Access) -> None:
    statements = _set(access, "Deploy")["inlinePolicy"]["Statement"]
    statements[0]["Action"] = ["cloudformation:Describe*", "ecr:GetAuthorizationToken"]
    statements.append({"Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"})


@_access
def deny_dropped(access: Access) -> None:
    del _set(access, "Deploy")["inlinePolicy"]["Statement"][1]


@_access
def policy_rewritten(access: Access) -> None:
    policy = _set(access, "Deploy")["inlinePolicy"]
    first, deny = policy["Statement"]
    policy["Statement"] = [
        deny,
        *({**first, "Sid": f"Part{at}", "Action": one} for at, one in enumerate(first["Action"])),
    ]


@_access
def policy_becomes_admin(access: Access) -> None:
    _set(access, "ReadOnly")["inlinePolicy"] = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
    access["guards"]["severity"] = {"adminOnProtected": "warn"}


@_access
def policies_swapped(access: Access) -> None:
    _set(access, "ReadOnly")["managedPolicies"] = ["job-function/ViewOnlyAccess"]
    _set(access, "ReadOnly")["customerManagedPolicies"] = [{"name": "look", "path": "/platform/"}]


@_access
def session_longer(access: Access) -> None:
    _set(access, "Administrator")["sessionDuration"] = "PT12H"


@_access
def session_shorter(access: Access) -> None:
    _set(access, "ReadOnly")["sessionDuration"] = "PT1H30M"


@_access
def boundary_dropped(access: Access) -> None:
    del _set(access, "Deploy")["permissionsBoundary"]


@_access
def boundary_changed(access: Access) -> None:
    _set(access, "Deploy")["permissionsBoundary"] = {"managedPolicy": "PowerUserAccess"}


@_access
def boundary_added(access: Access) -> None:
    _set(access, "ReadOnly")["permissionsBoundary"] = {"managedPolicy": "PowerUserAccess"}


@_access
def set_details(access: Access) -> None:
    _set(access, "Deploy").update(description="Ship it", tags={"owner": "data", "tier": "1"})
    del _set(access, "Deploy")["relayState"]


@_access
def guards_loosened(access: Access) -> None:
    guards = access["guards"]
    guards["protectedAccounts"] = [{"accountName": "billing-prod"}, {"accountName": "web-prod"}]
    guards["adminPermissionSets"] = []
    guards["maxRemovals"] = 200
    guards["requireOwner"] = "warn"
    del guards["separationOfDuties"]


@_access
def guards_removed(access: Access) -> None:
    del access["guards"]


@_access
def rule_prolonged(access: Access) -> None:
    _rule(access, "contractors-look").update(until="2029-11-01", owner="contractors@example.com")


@_access
def rule_acknowledged(access: Access) -> None:
    _rule(access, "developers-deploy")["protected"] = "acknowledged"


@_access
def guard_violated(access: Access) -> None:
    _add_rule(access, "developers", ["Administrator"], {"ou": "Workloads/Prod"})
    del _rule(access, "developers-more")["owner"]


@_access
def guard_warned(access: Access) -> None:
    access["guards"]["severity"] = {"adminOnProtected": "warn"}
    _add_rule(access, "developers", ["Administrator"], {"accountName": "web-prod"})


@_access
def access_file_wrong(access: Access) -> None:
    _rule(access, "platform-look")["targets"] = [{"ou": "Worklods"}]


@_access
def held(access: Access) -> None:
    access["rules"].append(
        {
            "id": "mallory",
            "owner": OWNER,
            "user": "mallory",
            "permissionSets": ["Deploy", "ReadOnly"],
            "targets": [{"accountName": "web-dev"}, {"accountName": "team-sandbox-2"}],
        }
    )


@_kind
def account_moved(federation: Federation) -> Iterator[None]:
    aws = federation.sandbox.aws
    units = _units(federation)
    move = {"AccountId": "622222222222"}
    dev, prod = units["Workloads/Dev"], units["Workloads/Prod"]
    aws.organizations.move_account(SourceParentId=dev, DestinationParentId=prod, **move)
    yield
    aws.organizations.move_account(SourceParentId=prod, DestinationParentId=dev, **move)


@_kind
def account_tagged(federation: Federation) -> Iterator[None]:
    aws = federation.sandbox.aws
    account = "822222222222"
    aws.organizations.tag_resource(ResourceId=account, Tags=[{"Key": "env", "Value": "dev"}])
    yield
    aws.organizations.tag_resource(ResourceId=account, Tags=[{"Key": "env", "Value": "sandbox"}])


@_kind
def account_suspended(federation: Federation) -> Iterator[None]:
    state = {"accountId": "622222222222"}
    federation.sandbox.control_aws("account-state", {**state, "state": "SUSPENDED"})
    yield
    federation.sandbox.control_aws("account-state", {**state, "state": "ACTIVE"})


@_kind
def token_rotated(federation: Federation) -> Iterator[None]:
    shown = federation.sandbox.console.rotate_token()
    expires = datetime.fromisoformat(shown["expires"]).date() + timedelta(days=3)
    federation.stack.set_config("provisioning.accessToken", shown["accessToken"], secret=True)
    federation.stack.set_config("provisioning.tokenExpires", expires.isoformat())
    yield


@_kind
def token_expires(federation: Federation) -> Iterator[None]:
    soon = datetime.now(UTC).date() + timedelta(days=41)
    federation.stack.set_config("provisioning.tokenExpires", soon.isoformat())
    federation.change_access(lambda access: access["rules"].remove(_rule(access, "migration")))
    yield


@_kind
def endpoint_changed(federation: Federation) -> Iterator[None]:
    federation.stack.set_config(
        "provisioning.endpoint",
        "https://scim.eu-west-1.amazonaws.com/0123456789a-1111-2222-3333-444444444444/scim/v2",
    )
    yield


@_kind
def delete_threshold_changed(federation: Federation) -> Iterator[None]:
    federation.stack.set_config("provisioning.deleteThreshold", "500")
    yield


@_kind
def portal_changed(federation: Federation) -> Iterator[None]:
    url = "https://example-prod.awsapps.com/start"
    federation.stack.set_config("identityCenter.accessPortalUrl", url)
    federation.stack.set_config("enterpriseApp.notificationEmails[0]", "soc@example.com")
    yield


@_kind
def reply_urls_changed(federation: Federation) -> Iterator[None]:
    before = federation.metadata_file.read_text()
    federation.metadata_file.write_text(before.replace("/dual-stack/platform/", "/ds/platform/"))
    yield
    federation.metadata_file.write_text(before)


@_kind
def certificate_added(federation: Federation) -> Iterator[None]:
    federation.stack.set_config("enterpriseApp.signingCertificates.second", "2028-06-30")
    yield


@_kind
def certificate_retired(federation: Federation) -> Iterator[None]:
    federation.stack.set_config("enterpriseApp.signingCertificates.second", "2028-06-30")
    federation.stack.set_config("enterpriseApp.signingCertificates.initial", "retired")
    yield


@_kind
def application_renamed(federation: Federation) -> Iterator[None]:
    federation.stack.set_config("enterpriseApp.name", "AWS access")
    yield


@_kind
def attributes_added(federation: Federation) -> Iterator[None]:
    source = "${path:enterprise.department}"
    federation.stack.set_config("identityCenter.accessControlAttributes.department", source)
    yield


@_kind
def phase_back(federation: Federation) -> Iterator[None]:
    federation.stack.remove_config("provisioning")
    federation.stack.set_config("allowPhaseBack", "trust")
    federation.change_access(lambda access: access["guards"].pop("maxRemovals"))
    yield


@_kind
def phase_back_refused(federation: Federation) -> Iterator[None]:
    federation.stack.remove_config("provisioning")
    yield


@_kind
def account_added(federation: Federation) -> Iterator[None]:
    organizations = federation.sandbox.aws.organizations
    made = organizations.create_account(AccountName="search-dev", Email="search@example.com")
    account = made["CreateAccountStatus"]["AccountId"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.move_account(
        AccountId=account,
        SourceParentId=root,
        DestinationParentId=_units(federation)["Workloads/Dev"],
    )
    yield
    organizations.remove_account_from_organization(AccountId=account)


@_kind
def group_under_a_trusted_key(federation: Federation) -> Iterator[None]:
    """Another group than its key says: whoever reads the comment must see which."""
    group = _make_group(federation, "Everyone")

    def change(access: Access) -> None:
        access["groups"]["AWS-Security-Audit"] = {"objectId": group}
        _add_rule(access, "AWS-Security-Audit", ["ReadOnly"], {"ou": "Sandbox"})

    federation.change_access(change)
    yield
    federation.sandbox.graph.call("DELETE", f"/v1.0/groups/{group}")


@_kind
def hostile_names(federation: Federation) -> Iterator[None]:
    name = "a | `b` **@octocat** #1 [c](www.example.com) &lt _e_"
    _make_group(federation, name)

    def change(access: Access) -> None:
        access["groups"]["hostile"] = {"displayName": name}
        _add_rule(access, "hostile", ["ReadOnly"], {"ou": "Sandbox"})

    federation.change_access(change)
    yield


@_kind
def group_re_created_refused(federation: Federation) -> Iterator[None]:
    graph = federation.sandbox.graph
    old = next(g for g in graph.all("/v1.0/groups") if g["displayName"] == "AWS-Developers")
    graph.call("DELETE", f"/v1.0/groups/{old['id']}")
    _make_group(federation, "AWS-Developers")
    yield


@_kind
def group_re_created_accepted(federation: Federation) -> Iterator[None]:
    graph = federation.sandbox.graph
    new = next(g for g in graph.all("/v1.0/groups") if g["displayName"] == "AWS-Developers")
    federation.stack.set_config("acceptRecreated.developers", new["id"])
    federation.sandbox.synchronize()
    yield


def _make_group(federation: Federation, name: str) -> str:
    """A group made by hand; its object id."""
    body = {
        "displayName": name,
        "mailNickname": "made-by-hand",
        "mailEnabled": False,
        "securityEnabled": True,
    }
    return str(federation.sandbox.graph.call("POST", "/v1.0/groups", body)["id"])


def _units(federation: Federation) -> dict[str, str]:
    """OU ids by path."""
    organizations = federation.sandbox.aws.organizations
    found: dict[str, str] = {}
    waiting = [("", organizations.list_roots()["Roots"][0]["Id"])]
    while waiting:
        path, parent = waiting.pop()
        answer = organizations.list_organizational_units_for_parent(ParentId=parent)
        for unit in answer["OrganizationalUnits"]:
            name = f"{path}/{unit['Name']}".lstrip("/")
            found[name] = unit["Id"]
            waiting.append((name, unit["Id"]))
    return found
