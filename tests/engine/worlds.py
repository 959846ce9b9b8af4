"""Random changes of an access file, of a configuration and, by hand, of both clouds."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from tests.engine.federation import Federation
from tests.engine.members import link, linked, unlink
from tests.engine.prepared import configure

Chance = random.Random
Change = Callable[[Federation, Chance], None]

_POLICIES: Final = ("ReadOnlyAccess", "job-function/ViewOnlyAccess", "SecurityAudit")
_PEOPLE: Final = ("ada@example.com", "bob@example.com", "carol@example.com", "wendy@example.com")
_ACCOUNTS: Final = ("611111111111", "622222222222", "444455556666", "811111111111", "822222222222")
_UNITS: Final = ("Workloads/Dev", "Workloads", "/")
_SETS: Final = ("ReadOnly", "Deploy")
_OTHERS: Final = ("AWS-Data", "AWS-Security-Audit")
_POLICY: Final = "arn:aws:iam::aws:policy/"


def _aim(federation: Federation, chance: Chance) -> None:
    chance.choice(federation.access["rules"])["targets"] = [
        {"account": one} for one in chance.sample(_ACCOUNTS, chance.randint(1, 3))
    ]


def _aim_at_a_unit(federation: Federation, chance: Chance) -> None:
    rule = chance.choice(federation.access["rules"])
    rule["targets"] = [{"ou": chance.choice(_UNITS)}]
    rule["except"] = [{"accountName": "example-management"}]


def _add_a_rule(federation: Federation, chance: Chance) -> None:
    rules = federation.access["rules"]
    rules.append(
        {
            "id": f"more-{len(rules)}",
            "owner": "platform@example.com",
            "group": chance.choice(sorted(federation.access["groups"])),
            "permissionSets": [chance.choice(_SETS)],
            "targets": [{"account": chance.choice(_ACCOUNTS)}],
        }
    )


def _drop_a_rule(federation: Federation, chance: Chance) -> None:
    rules = federation.access["rules"]
    rules.remove(chance.choice(rules))


def _end_a_rule(federation: Federation, chance: Chance) -> None:
    chance.choice(federation.access["rules"])["until"] = "2020-01-01"


def _name_another_group(federation: Federation, chance: Chance) -> None:
    key = chance.choice(("platform", "developers", "contractors"))
    ids = {one["displayName"]: one["id"] for one in federation.sandbox.graph.all("/v1.0/groups")}
    other = chance.choice(_OTHERS)
    federation.access["groups"][key] = chance.choice(
        ({"displayName": other}, {"objectId": ids.get(other, ids["AWS-Platform"])})
    )


def _add_a_group(federation: Federation, chance: Chance) -> None:
    made = {"displayName": "AWS-New", "create": True, "members": [chance.choice(_PEOPLE)]}
    federation.access["groups"]["new"] = chance.choice(({"displayName": "AWS-Data"}, made))


def _drop_contractors(federation: Federation, _: Chance) -> None:
    federation.access["groups"].pop("contractors", None)


def _change_the_own_group(federation: Federation, chance: Chance) -> None:
    group = federation.access["groups"]["migration"]
    group["members"] = chance.sample(_PEOPLE, chance.randint(1, 3))
    group["owners"] = chance.sample(_PEOPLE, chance.randint(1, 2))
    group["displayName"] = chance.choice(("AWS-Migration", "AWS-Migrations"))


def _change_a_set(federation: Federation, chance: Chance) -> None:
    model = federation.access["permissionSets"][chance.choice(_SETS)]
    aspects: dict[str, Any] = {
        "description": chance.choice(("Something else", "Roll out workloads")),
        "sessionDuration": chance.choice(("PT2H", "PT12H")),
        "relayState": "https://console.aws.amazon.com/ec2",
        "managedPolicies": sorted(chance.sample(_POLICIES, chance.randint(1, 2))),
        "customerManagedPolicies": [{"name": "deploy", "path": "/platform/"}],
        "permissionsBoundary": {"managedPolicy": "PowerUserAccess"},
        "tags": {"owner": chance.choice(("platform", "data"))},
        "inlinePolicy": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": chance.choice(("s3:*", "ec2:*")), "Resource": "*"}
            ],
        },
    }
    for aspect in chance.sample(sorted(aspects), chance.randint(1, 3)):
        if aspect in model and chance.random() < 0.4:
            del model[aspect]
        else:
            model[aspect] = aspects[aspect]
    if "managedPolicies" not in model and "inlinePolicy" not in model:
        model["managedPolicies"] = ["ReadOnlyAccess"]


def _change_the_configuration(federation: Federation, chance: Chance) -> None:
    if chance.random() < 0.5:
        configure(federation, "deleteThreshold", chance.randint(1, 400))
    else:
        address = chance.choice(("identity@example.com", "other@example.com"))
        federation.stack.set_config("enterpriseApp.notificationEmails[0]", address)


BY_FILE: Final[tuple[Change, ...]] = (
    _aim,
    _aim_at_a_unit,
    _add_a_rule,
    _drop_a_rule,
    _end_a_rule,
    _name_another_group,
    _add_a_group,
    _drop_contractors,
    _change_the_own_group,
    _change_a_set,
    _change_a_set,
    _change_the_configuration,
)


def own_set(federation: Federation, name: str) -> dict[str, str]:
    """The ARNs of the instance and of a permission set."""
    aws = federation.sandbox.aws
    (instance,) = aws.instances()
    return {"InstanceArn": instance["InstanceArn"], "PermissionSetArn": aws.permission_set(name)}


def _assign(federation: Federation, chance: Chance) -> None:
    aws = federation.sandbox.aws
    aws.sso_admin.create_account_assignment(
        **own_set(federation, chance.choice(_SETS)),
        PrincipalType="GROUP",
        PrincipalId=aws.groups()[chance.choice(("AWS-Platform", "AWS-Contractors"))],
        TargetType="AWS_ACCOUNT",
        TargetId=chance.choice(_ACCOUNTS),
    )


def _unassign(federation: Federation, chance: Chance) -> None:
    aws = federation.sandbox.aws
    account, name, kind, principal = chance.choice(sorted(aws.assignments()))
    aws.unassign(aws.permission_set(name), account, principal, kind)


def _attach(federation: Federation, chance: Chance) -> None:
    federation.sandbox.aws.sso_admin.attach_managed_policy_to_permission_set(
        **own_set(federation, chance.choice(_SETS)),
        ManagedPolicyArn=f"{_POLICY}{chance.choice(('AdministratorAccess', 'PowerUserAccess'))}",
    )


def _write_a_set(federation: Federation, chance: Chance) -> None:
    sso, named = federation.sandbox.aws.sso_admin, own_set(federation, "Deploy")
    chance.choice(
        (
            lambda: sso.update_permission_set(SessionDuration="PT11H", **named),
            lambda: sso.delete_permissions_boundary_from_permission_set(**named),
            lambda: sso.put_inline_policy_to_permission_set(
                InlinePolicy='{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
                '"Action":"*","Resource":"*"}]}',
                **named,
            ),
            lambda: sso.tag_resource(
                InstanceArn=named["InstanceArn"],
                ResourceArn=named["PermissionSetArn"],
                Tags=[{"Key": "by", "Value": "hand"}],
            ),
        )
    )()


def _change_members(federation: Federation, chance: Chance) -> None:
    graph = federation.sandbox.graph
    relation = chance.choice(("members", "owners"))
    there = linked(graph, "AWS-Migration", relation)
    link(graph, "AWS-Migration", chance.choice(sorted({*_PEOPLE} - there)), relation)
    if relation == "members" and chance.random() < 0.5:
        unlink(graph, "AWS-Migration", chance.choice(sorted(there)))


def _assign_to_the_application(federation: Federation, chance: Chance) -> None:
    graph, principal = federation.sandbox.graph, federation.service_principal()
    ids = {one["displayName"]: one["id"] for one in graph.all("/v1.0/groups")}
    role = next(one["id"] for one in principal["appRoles"] if one["displayName"] == "User")
    graph.call(
        "POST",
        f"/v1.0/servicePrincipals/{principal['id']}/appRoleAssignedTo",
        {
            "principalId": ids[chance.choice(_OTHERS)],
            "resourceId": principal["id"],
            "appRoleId": role,
        },
    )


def _unassign_from_the_application(federation: Federation, chance: Chance) -> None:
    federation.unassign(chance.choice(("AWS-Platform", "AWS-Contractors")))


def _pause_the_job(federation: Federation, _: Chance) -> None:
    path = f"/v1.0/servicePrincipals/{federation.service_principal()['id']}/synchronization/jobs"
    for job in list(federation.sandbox.graph.all(path)):
        federation.sandbox.graph.call("POST", f"{path}/{job['id']}/pause")


BY_HAND: Final[tuple[Change, ...]] = (
    _assign,
    _unassign,
    _attach,
    _write_a_set,
    _change_members,
    _assign_to_the_application,
    _unassign_from_the_application,
    _pause_the_job,
)


def change_files(federation: Federation, chance: Chance) -> list[str]:
    """Change the access file and the configuration in some ways; what was done, for a failure."""
    done = chance.sample(BY_FILE, chance.randint(1, 3))
    for change in done:
        change(federation, chance)
    federation.write_access()
    return [change.__name__ for change in done]


def change_by_hand(federation: Federation, chance: Chance) -> list[str]:
    """Change both clouds in some ways; what was done, for a failure."""
    done = chance.sample(BY_HAND, chance.randint(0, 2))
    for change in done:
        change(federation, chance)
    return [change.__name__ for change in done]
