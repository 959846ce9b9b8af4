"""Whatever an `up` changes in the clouds was in the access diff: random files and worlds, for real.

`WORLDS=30 script/test tests/engine/test_whole_diff.py` plays more of them.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from demo.stack import STACK
from entra_aws_sandbox.pulumi import PulumiStack, Run
from federation.update.desired_state import REVIEWED_VARIABLE
from tests.engine.federation import Federation
from tests.engine.operator import ops, status
from tests.engine.picture import Picture, picture
from tests.engine.worlds import change_by_hand, change_files

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive]

# The names that the stack's own group has in these worlds.
RENAMED = {"AWS-Migration", "AWS-Migrations"}
_REFUSED = "this is not the reviewed update"
_WORLDS = int(os.environ.get("WORLDS", "3"))
# What a difference of a permission set is called in the diff.
_ASPECTS = {
    "description": "description",
    "sessionDuration": "session",
    "relayState": "relay state",
    "tags": "tag",
    "permissionsBoundary": "boundary",
    "inlinePolicy": "",
    "managedPolicies": "polic",
    "customerManagedPolicies": "polic",
}
_TRUST = {
    "identifiers": "identifier",
    "reply URLs": "reply URL",
    "notificationEmailAddresses": "notif",
    "settings": "SCIM credentials",
    "jobs": "provisioning job",
}


@pytest.mark.parametrize("seed", range(_WORLDS))
def test_what_changes_in_the_clouds_was_in_the_diff(federation: Federation, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    done = [*change_files(federation, chance), *change_by_hand(federation, chance)]
    reviewed = diff(federation)
    later = []
    if chance.random() < 0.5:
        later = [*change_files(federation, chance), *change_by_hand(federation, chance)]
    story = f"{done}, after the review {later}"
    fresh = diff(federation) if later else reviewed
    before = picture(federation)
    run = last = up(federation, reviewed)
    assert not list(untold(before, picture(federation), fresh)), story
    if _REFUSED in run.errors:
        assert run.changes == [], f"{story}: {run.output}"
        assert fresh["desiredState"] != reviewed["desiredState"], story
        last = up(federation, fresh)
        assert _REFUSED not in last.errors, f"{story}: {last.output}"
        assert not list(untold(before, picture(federation), fresh)), story
    if last.exit_code == 0:
        # What was taken away by hand is for a refresh to see.
        assert there(federation) - declared(federation) == by_hand(federation), story


Held = tuple[str, ...]


def there(federation: Federation) -> set[Held]:
    """Every assignment of the stack's sets and of its application, by ids."""
    sets = federation.access["permissionSets"]
    path = f"/v1.0/servicePrincipals/{federation.service_principal()['id']}/appRoleAssignedTo"
    return {
        (name, account, principal)
        for account, name, _, principal in federation.sandbox.aws.assignments()
        if name in sets
    } | {("application", one["principalId"]) for one in federation.sandbox.graph.all(path)}


def declared(federation: Federation) -> set[Held]:
    """The same, as an update that ended well has left them in the state."""
    found: set[Held] = set()
    for one in federation.stack.export()["deployment"]["resources"]:
        outputs, kind = one.get("outputs") or {}, one["type"].rpartition(":")[2]
        if kind == "AccountAssignment":
            name = one["urn"].split("::", 3)[3].partition("/")[0]
            found.add((name, outputs["targetId"], outputs["principalId"]))
        elif kind == "AppRoleAssignment":
            found.add(("application", outputs["principalObjectId"]))
    return found


def by_hand(federation: Federation) -> set[Held]:
    """The same, as `status --full` tells what somebody granted by hand."""
    _, shown = status(federation, "--full")
    return {
        ("application", one["principal"]["id"])
        if one["kind"] == "application"
        else (one["permissionSet"], one["account"]["id"], one["principal"]["id"])
        for one in shown["unmanaged"]
    }


def diff(federation: Federation) -> dict[str, Any]:
    """A fresh access diff."""
    found: dict[str, Any] = json.loads(ops(federation, "diff", "--format", "json").stdout)
    return found


def up(federation: Federation, reviewed: dict[str, Any]) -> Run:
    """An update that is held to a diff."""
    word = (reviewed["desiredState"] or {}).get("hash", "none: the diff has failed")
    environment = federation.stack.environment | {REVIEWED_VARIABLE: word}
    return PulumiStack(federation.folder, environment, stack=STACK).up(check=False)


def untold(before: Picture, after: Picture, shown: dict[str, Any]) -> Iterator[str]:
    """What differs between two pictures, and is not in the diff."""
    trust = " | ".join(json.dumps(one, ensure_ascii=False) for one in shown["trust"])
    if before["groups"].keys() ^ after["groups"].keys() >= RENAMED:
        if "is now called" not in trust:
            yield "another name of the group"
        before, after, shown = (with_one_name(side) for side in (before, after, shown))
    for one in set(before["assignments"]) ^ set(after["assignments"]):
        if one not in assignments(shown):
            yield f"assignment {one}"
    yield from untold_of_sets(before["permission sets"], after["permission sets"], shown)
    yield from untold_of_groups(before["groups"], after["groups"], trust)
    yield from untold_of_the_application(before["application"], after["application"], trust)


def with_one_name(side: Any) -> Any:
    """The same, with the group under its shorter name."""
    return json.loads(json.dumps(side).replace("AWS-Migrations", "AWS-Migration"))


def untold_of_sets(before: Picture, after: Picture, shown: dict[str, Any]) -> Iterator[str]:
    """Aspects of permission sets; accounts with an older version come with the set's own line."""
    told = {one["name"]: one["differences"] for one in shown["permissionSets"]}
    for name, aspect in differing(before, after):
        texts = [one["text"] for one in told.get(name, ())]
        if name in told and aspect == "outdatedAccounts":
            continue
        if not any(_ASPECTS[aspect] in text for text in texts):
            yield f"{aspect} of permission set {name}: {texts}"


def untold_of_groups(before: Picture, after: Picture, trust: str) -> Iterator[str]:
    """Members and owners that came or went."""
    for name, relation in differing(before, after):
        sides = [set(side.get(name, {}).get(relation, ())) for side in (before, after)]
        # Whoever makes a group may own it: the deployment, which changes it anyhow.
        people = (sides[0] ^ sides[1]) - {"identity-deployment"}
        if not all(one in trust for one in (name, *people)):
            yield f"{relation} of the group {name}: {sides}"


def untold_of_the_application(before: Picture, after: Picture, trust: str) -> Iterator[str]:
    """Who is assigned, and everything else of the application and its provisioning."""
    for one in set(before["assigned"]) ^ set(after["assigned"]):
        if one not in trust:
            yield f"assignment of {one} to the application"
    for key in sorted(before.keys() - {"assigned"}):
        if before[key] != after.get(key) and _TRUST.get(key, key) not in trust:
            yield f"{key} of the application"


def differing(before: Picture, after: Picture) -> Iterator[tuple[str, str]]:
    """Name and aspect of what differs between two mappings of mappings."""
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, {}), after.get(name, {})
        for aspect in sorted(old.keys() | new.keys()):
            if old.get(aspect) != new.get(aspect):
                yield name, aspect


def assignments(shown: dict[str, Any]) -> set[str]:
    """Every assignment that the diff names, as a picture spells it."""
    return {
        f"{one['permissionSet']} {one['principal']['name']} {account.get('name', account['id'])}"
        for one in shown["access"]
        for account in one["accounts"]
    }
