"""The pre-flight check, one look at a time: what each one accepts, and what it says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from clouds.aws import AwsError
from clouds.caller import Caller, Permissions, read_caller
from clouds.entra import EntraError
from federation.identity.application import GALLERY_TEMPLATE
from federation.identity.instance import Instance
from federation.update.diagnosis import Finding, Findings, lines, to_dict
from federation.update.permissions import (
    Feature,
    Purpose,
    missing_roles,
    required_actions,
    required_roles,
)
from ops.cli import REPOSITORY
from ops.preflight import entra, tools
from ops.preflight.entra import EntraChecks, check_clock, secret_quirk
from ops.stack import Resource

MANAGEMENT = "111122223333"
ROLE = f"arn:aws:iam::{MANAGEMENT}:role/ci/deploy"
INSTANCE = Instance(
    arn="arn:aws:sso:::instance/ssoins-7223a1b2c3d4e5f6",
    identity_store_id="d-936712ab34",
    owner_account_id=MANAGEMENT,
    region="eu-west-1",
    status="ACTIVE",
    permission_sets_enabled=True,
)
CALLER = Caller(arn=ROLE, account_id=MANAGEMENT, principal=ROLE, kind="env")


def refusal(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


# --- permissions ------------------------------------------------------------------------------


def test_a_stronger_role_is_as_good() -> None:
    granted = {"Directory.ReadWrite.All", "Application.ReadWrite.All"}
    assert missing_roles(granted, Purpose.DEPLOY, set(Feature)) == []


def test_a_preview_may_be_the_deployments_own() -> None:
    granted = {need.permission for need in required_roles(Purpose.DEPLOY, set(Feature))}
    assert missing_roles(granted, Purpose.PREVIEW, set(Feature)) == []


def test_a_feature_that_a_stack_lacks_needs_nothing() -> None:
    plain = {need.permission for need in required_roles(Purpose.DEPLOY)}
    assert "Group.ReadWrite.All" not in plain
    assert "User.Read.All" not in plain
    actions = {need.permission for need in required_actions(Purpose.DEPLOY, {Feature.BOUNDARIES})}
    assert "sso:PutPermissionsBoundaryToPermissionSet" in actions
    assert "sso:PutInlinePolicyToPermissionSet" not in actions


def test_a_preview_changes_nothing() -> None:
    actions = [need.permission for need in required_actions(Purpose.PREVIEW, set(Feature))]
    assert len(actions) > 15
    operations = [action.partition(":")[2] for action in actions]
    assert all(operation.startswith(("Describe", "Get", "List")) for operation in operations)
    roles = [need.permission for need in required_roles(Purpose.PREVIEW, set(Feature))]
    assert all(role.endswith(".Read.All") for role in roles)


# --- AWS --------------------------------------------------------------------------------------


class Iam:
    """IAM that allows some actions on some resources."""

    def __init__(self, allowed: dict[str, str], error: Exception | None = None) -> None:
        self.allowed = allowed
        self.error = error
        self.asked: list[dict[str, Any]] = []

    def get_paginator(self, name: str) -> Iam:
        assert name == "simulate_principal_policy"
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        self.asked.append(asked)
        if self.error:
            raise self.error
        results = [
            {
                "EvalActionName": action,
                "EvalResourceName": resource,
                "EvalDecision": (
                    "allowed" if self.allowed.get(action) == resource else "implicitDeny"
                ),
            }
            for action in asked["ActionNames"]
            for resource in asked["ResourceArns"]
        ]
        return [{"EvaluationResults": results[:1]}, {"EvaluationResults": results[1:]}]

    def get_role(self, RoleName: str) -> dict[str, Any]:  # noqa: N803 (boto3's spelling)
        if self.error:
            raise self.error
        return {"Role": {"Arn": f"arn:aws:iam::{MANAGEMENT}:role/ci/{RoleName}"}}


def permissions(**clients: Any) -> Permissions:
    aws: Any = SimpleNamespace(client=clients.__getitem__)
    return Permissions(aws, CALLER, instance=INSTANCE, account="611111111111")


def test_a_policy_that_names_resources_is_allowed_what_it_names() -> None:
    iam = Iam({"sso:ListInstances": "*", "sso:DescribeInstance": INSTANCE.arn})
    verdict = permissions(iam=iam).check(
        ["sso:ListInstances", "sso:DescribeInstance", "sso:CreatePermissionSet"]
    )
    assert verdict.allowed == {"sso:ListInstances", "sso:DescribeInstance"}
    assert verdict.denied == {"sso:CreatePermissionSet"}
    assert verdict.how == "simulation"
    assert iam.asked[1]["ActionNames"] == ["sso:CreatePermissionSet", "sso:DescribeInstance"]
    assert iam.asked[1]["ResourceArns"] == [
        INSTANCE.arn,
        "arn:aws:sso:::account/611111111111",
    ]


def test_many_actions_are_asked_for_in_parts() -> None:
    iam = Iam({})
    actions = [f"sso:List{number}" for number in range(150)]
    assert len(permissions(iam=iam).check(actions).denied) == 150
    assert [len(asked["ActionNames"]) for asked in iam.asked] == [100, 50, 100, 50]


def test_root_may_do_everything_and_is_not_simulated() -> None:
    root = f"arn:aws:iam::{MANAGEMENT}:root"
    caller = Caller(arn=root, account_id=MANAGEMENT, principal=root, kind="env")
    nobody: Any = SimpleNamespace()
    assert Permissions(nobody, caller).check(["sso:ListInstances"]).denied == frozenset()


def test_without_simulation_reading_actions_are_tried() -> None:
    def list_instances(**_: Any) -> None:
        raise refusal("AccessDeniedException")

    def no_attributes(**_: Any) -> None:
        raise refusal("ResourceNotFoundException")

    def broken(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    def fine(**_: Any) -> dict[str, Any]:
        return {"Roots": [{"Id": "r-ex01"}]}

    verdict = permissions(
        **{
            "iam": Iam({}, refusal("AccessDenied")),
            "sso-admin": SimpleNamespace(
                list_instances=list_instances,
                describe_instance_access_control_attribute_configuration=no_attributes,
            ),
            "organizations": SimpleNamespace(
                describe_organization=fine,
                list_roots=fine,
                list_accounts=fine,
                list_organizational_units_for_parent=fine,
            ),
            "identitystore": SimpleNamespace(list_groups=broken),
        }
    ).check(
        [
            "sso:ListInstances",
            "sso:DescribeInstanceAccessControlAttributeConfiguration",
            "sso:CreatePermissionSet",
            "organizations:ListAccounts",
            "identitystore:ListGroups",
        ]
    )
    assert verdict.denied == {"sso:ListInstances"}
    assert verdict.allowed == {
        "sso:DescribeInstanceAccessControlAttributeConfiguration",
        "organizations:ListAccounts",
    }
    assert verdict.unknown == {"sso:CreatePermissionSet", "identitystore:ListGroups"}
    assert "iam:SimulatePrincipalPolicy" in verdict.why


def test_another_refusal_of_iam_is_told_as_it_is() -> None:
    iam = Iam({}, refusal("NoSuchEntity", "The user cannot be found."))
    organizations = SimpleNamespace(describe_organization=None)
    clients = {"sso-admin": None, "identitystore": None, "organizations": organizations}
    verdict = permissions(iam=iam, **clients).check(["sso:CreatePermissionSet"])
    assert verdict.why == "IAM refuses to simulate: The user cannot be found."


def session_of(arn: str, iam: Iam) -> Any:
    answer = {
        "Arn": arn,
        "Account": MANAGEMENT,
        "ResponseMetadata": {"HTTPHeaders": {"date": format_datetime(datetime.now(UTC))}},
    }
    clients = {"sts": SimpleNamespace(get_caller_identity=lambda: answer), "iam": iam}
    credentials = SimpleNamespace(method="assume-role-with-web-identity")
    return SimpleNamespace(
        client=clients.__getitem__,
        session=SimpleNamespace(get_credentials=lambda: credentials),
    )


def test_the_role_behind_a_session_is_found_with_its_path() -> None:
    arn = f"arn:aws:sts::{MANAGEMENT}:assumed-role/deploy/session"
    caller = read_caller(session_of(arn, Iam({})))
    assert (caller.principal, caller.kind) == (ROLE, "assume-role-with-web-identity")
    guessed = read_caller(session_of(arn, Iam({}, refusal("AccessDenied"))))
    assert guessed.principal == f"arn:aws:iam::{MANAGEMENT}:role/deploy"


def test_refused_credentials_are_a_sentence() -> None:
    def refuse() -> None:
        raise refusal("InvalidClientTokenId", "The security token is invalid.")

    aws: Any = SimpleNamespace(
        client=lambda _: SimpleNamespace(get_caller_identity=refuse),
        session=SimpleNamespace(get_credentials=lambda: None),
    )
    with pytest.raises(AwsError, match="refused the credentials: The security token is invalid"):
        read_caller(aws)


# --- Entra ------------------------------------------------------------------------------------


class Graph:
    """Graph with answers by path; a status instead of an answer is a refusal."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers

    def call(self, method: str, path: str) -> Any:
        assert method == "GET"
        answer = self.answers.get(path, 403)
        if isinstance(answer, int):
            raise EntraError(f"Graph refused GET {path}", status=answer)
        return answer

    def entries(self, path: str) -> list[Any]:
        entries: list[Any] = self.call("GET", path)["value"]
        return entries


def checks(answers: dict[str, Any], *resources: Resource, principal: str = "sp") -> EntraChecks:
    kinds = {one.type.rpartition(":")[2]: one for one in resources}
    stack = SimpleNamespace(
        one=kinds.get,
        of_type=lambda kind: [one for one in resources if one.type.endswith(f":{kind}")],
        checkpoint=SimpleNamespace(phase=None),
    )
    session: Any = SimpleNamespace(
        graph=Graph(answers), stack=stack, service_principal_id=principal
    )
    return EntraChecks(session, Purpose.DEPLOY, set(), Findings())


def resource(kind: str, name: str = "x", **outputs: Any) -> Resource:
    return Resource(urn=f"urn:pulumi:s::p::t::{name}", type=f"t:t/t:{kind}", outputs=outputs)


def only(one: EntraChecks) -> Finding:
    (finding,) = one.findings.found
    return finding


def test_owned_by_takes_an_owner_of_both_objects() -> None:
    app = resource("ApplicationFromTemplate", applicationObjectId="app")
    answers = {
        "/servicePrincipals/sp/owners": {"value": [{"id": "me"}]},
        "/applications/app/owners": {"value": []},
    }
    one = checks(answers, app)
    one._ownership("me")
    assert only(one).level == "problem"
    assert "does not own the application app" in only(one).text
    unreadable = checks({})
    unreadable._ownership("me")
    assert only(unreadable).level == "note"


@pytest.mark.parametrize(
    ("answer", "level"),
    [
        ({"value": [{"id": "aWSSingleSignon"}]}, "fine"),
        ({"value": [{"id": "aws"}]}, "problem"),
        (404, "problem"),
        (403, "note"),
    ],
)
def test_the_synchronization_template(answer: Any, level: str) -> None:
    one = checks({"/servicePrincipals/sp/synchronization/templates": answer})
    one._template("sp")
    assert only(one).level == level


def test_before_there_is_an_application_the_gallery_is_asked() -> None:
    one = checks({f"/applicationTemplates/{GALLERY_TEMPLATE}": {"id": GALLERY_TEMPLATE}})
    one._template("")
    assert (only(one).level, only(one).text) == ("fine", "the gallery template is there")


P1 = {"servicePlanId": "41781fb2-bc02-4b7c-bd55-b576c07bb09d"}


@pytest.mark.parametrize(
    ("licences", "level"),
    [
        ([{"capabilityStatus": "Enabled", "servicePlans": [P1]}], "fine"),
        ([{"capabilityStatus": "Suspended", "servicePlans": [P1]}], "problem"),
        ([{"capabilityStatus": "Enabled", "servicePlans": []}], "problem"),
        ([], "problem"),
    ],
)
def test_the_licence_for_groups(licences: list[Any], level: str) -> None:
    one = checks({"/subscribedSkus": {"value": licences}})
    one._licence()
    assert only(one).level == level


def test_an_unseen_licence_is_proven_by_an_assigned_group() -> None:
    unseen = checks({})
    unseen._licence()
    assert only(unseen).level == "note"
    proven = checks({}, resource("AppRoleAssignment", "group/platform"))
    proven._licence()
    assert only(proven).level == "fine"
    people_only = checks({}, resource("AppRoleAssignment", "user/ada"))
    people_only._licence()
    assert only(people_only).level == "note"


def policy(*, enabled: bool = True, **rule: Any) -> dict[str, Any]:
    return {
        "isEnabled": enabled,
        "applicationRestrictions": {"identifierUris": {"nonDefaultUriAddition": rule}},
    }


@pytest.mark.parametrize(
    ("answer", "level"),
    [
        (policy(state="enabled", excludeSaml=False), "problem"),
        (policy(state="enabled", excludeSaml=True), "fine"),
        (policy(state="disabled"), "fine"),
        (policy(enabled=False, state="enabled"), "fine"),
        ({"isEnabled": True, "applicationRestrictions": None}, "fine"),
        (403, "note"),
    ],
)
def test_the_restriction_on_identifier_uris(answer: Any, level: str) -> None:
    one = checks({"/policies/defaultAppManagementPolicy": answer})
    one._identifier_restriction()
    assert only(one).level == level


def test_an_identifier_that_is_there_is_not_asked_about() -> None:
    one = checks({}, resource("ApplicationIdentifierUri"))
    one._identifier_restriction()
    assert one.findings.found == []


def test_what_a_secret_in_the_wrong_place_means() -> None:
    keys = list(entra.SECRET_KEYS)
    assert secret_quirk(keys) is None
    assert "another order" in str(secret_quirk(keys[::-1]))
    assert "nobody wrote (Sandbox)" in str(secret_quirk([*keys, "Sandbox"]))
    assert "lost the synchronization secret SyncAll" in str(
        secret_quirk([key for key in keys if key != "SyncAll"])
    )


def test_the_secrets_of_the_program_are_the_ones_compared_with() -> None:
    """The check must not drift from what the component writes."""
    source = (REPOSITORY / "components" / "scim_provisioning.py").read_text()
    places = [source.index(f'"{key}":') for key in entra.SECRET_KEYS]
    assert places == sorted(places)


def test_a_person_has_no_app_roles() -> None:
    one = checks({})
    one._roles({"scp": "Directory.AccessAsUser.All"}, frozenset())
    assert only(one).level == "note"


# --- this machine -----------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "found"), [(0, 0), (60, 0), (-60, 0), (300, 1), (-300, 1)])
def test_a_clock_that_is_wrong(seconds: int, found: int) -> None:
    findings = Findings()
    theirs = datetime.now(UTC) - timedelta(seconds=seconds)
    check_clock(format_datetime(theirs), "Entra", findings)
    assert len(findings.problems) == found
    if found:
        assert ("ahead of" if seconds > 0 else "behind") in findings.problems[0].text


class FakeCli:
    """The CLI with a version and plugins."""

    directory = None

    def __init__(self, version: str, *plugins: tuple[str, str]) -> None:
        self.answers = {
            "version": f"v{version}\n",
            "plugin": json.dumps(
                [{"name": n, "kind": "resource", "version": v} for n, v in plugins]
            ),
        }

    def checked(self, *arguments: str) -> str:
        return self.answers[arguments[0]]


def tool_findings(monkeypatch: pytest.MonkeyPatch, cli: FakeCli) -> Findings:
    monkeypatch.setattr(tools, "Cli", lambda directory: cli)
    monkeypatch.setattr("ops.preflight.tools.shutil.which", lambda _: None)
    monkeypatch.setattr(
        tools, "version", {"pulumi-aws": "7.51.1", "pulumi-azuread": "6.11.1"}.__getitem__
    )
    findings = Findings()
    tools.check_tools(cli, findings)  # type: ignore[arg-type]
    return findings


def test_tools_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    cli = FakeCli("3.300.0", ("aws", "7.51.1"), ("azuread", "6.11.1"))
    findings = tool_findings(monkeypatch, cli)
    assert [one.level for one in findings.found] == ["fine", "fine"]


def test_tools_that_are_old_or_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
    cli = FakeCli("3.99.1", ("aws", "7.0.0"))
    found = tool_findings(monkeypatch, cli).problems
    assert [one.check for one in found] == ["cli", "plugins", "plugins"]
    assert "older than" in found[0].text
    assert "pulumi plugin install resource aws 7.51.1" in found[1].text
    monkeypatch.delenv("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION")
    assert [one.check for one in tool_findings(monkeypatch, cli).problems] == ["cli"]


def test_the_projects_own_version_is_read() -> None:
    assert tools.required_version('requiredPulumiVersion: ">=3.259.0"\n') == "3.259.0"
    assert tools.required_version("name: x\n") == "0"


# --- how it is told ---------------------------------------------------------------------------


def test_problems_come_first_and_are_counted() -> None:
    findings = Findings()
    findings.fine("a", "good")
    findings.note("b", "unknown")
    assert lines("stack dev", findings.found)[-1] == "nothing stands in the way"
    findings.problem("c", "bad", permission="sso:X")
    assert lines("stack dev", findings.found) == [
        "stack dev",
        "✘ bad",
        "· unknown",
        "✔ good",
        "1 problem",
    ]
    assert to_dict(findings.found)[2] == {
        "level": "problem",
        "check": "c",
        "text": "bad",
        "permission": "sso:X",
    }
