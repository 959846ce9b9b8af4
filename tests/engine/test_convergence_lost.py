"""An update of which the answer to some write got lost: the next ones make what is declared."""

from __future__ import annotations

import copy
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from entra_aws_sandbox.request_log import counts
from tests.engine.federation import Federation
from tests.engine.healing import Healing, waiting
from tests.engine.picture import differences, picture
from tests.engine.prepared import Prepared, configure
from tests.engine.stages import change_everything

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive]

_READS = ("Describe", "Get", "List")
# Not the stack's own writes: tokens, and provisioning, whose failure is a hold.
_OTHERS = ("/oauth2/", "provisionOnDemand", "/scim/")


@dataclass(frozen=True)
class Write:
    """A kind of write of Graph (`POST /groups`) or sso-admin, and how often an update makes it."""

    cloud: str
    operation: str
    count: int


def change(federation: Federation) -> None:
    """Groups, members, certificates, sets and assignments: made, changed and taken away."""
    change_everything(federation)
    access = federation.access
    access["groups"]["pilots"] = {
        "displayName": "AWS-Pilots",
        "create": True,
        "owners": ["ada@example.com"],
        "members": ["bob@example.com", "wendy@example.com"],
    }
    access["permissionSets"]["Look"] = {
        "managedPolicies": ["ReadOnlyAccess"],
        "customerManagedPolicies": [{"name": "boundary"}],
        "inlinePolicy": copy.deepcopy(access["permissionSets"]["Deploy"]["inlinePolicy"]),
        "permissionsBoundary": {"managedPolicy": "PowerUserAccess"},
    }
    access["rules"].append(
        {
            "id": "pilots",
            "owner": "platform@example.com",
            "group": "pilots",
            "permissionSets": ["Look"],
            "targets": [{"account": "822222222222"}],
        }
    )
    federation.write_access()
    federation.stack.set_config("enterpriseApp.signingCertificates.second", "2028-06-30")


def writes(log: str, folder: Path) -> Iterator[Write]:
    """The kinds of writes in a part of the request log."""
    file = folder / "part.jsonl"
    file.write_text(log)
    for name, count in sorted(counts(file).items()):
        cloud, _, operation = name.partition(" ")
        method, _, path = operation.partition(" ")
        if method == "GET" or operation.startswith(_READS) or any(o in name for o in _OTHERS):
            continue
        # Of a path of Graph, the version is no part of the operation.
        route = f"{method} /{path.split('/', 2)[2]}" if path else operation
        yield Write(cloud, route, count)


def lose(federation: Federation, chance: random.Random, known: list[Write]) -> dict[str, Any]:
    """Let one answer get lost: of any kind of write, at any of its times."""
    write = chance.choice(known)
    fault = {
        "kind": "lost",
        "operation": write.operation,
        "spared": chance.randrange(write.count),
    }
    if write.cloud == "entra":
        federation.sandbox.control_entra("faults", {"faults": [fault]})
    else:
        federation.sandbox.set_faults({**fault, "service": "sso-admin"})
    return fault


def test_answers_lost_at_random(in_access: Prepared, tmp_path: Path) -> None:
    """The environment variable LOST says how many, LOST_SEED which."""
    federation = in_access.restore()
    change(federation)
    changed = Prepared.keep(federation, tmp_path / "changed")
    log = federation.sandbox.folder.requests
    begin = log.stat().st_size
    federation.stack.up()
    known = list(writes(log.read_bytes()[begin:].decode(), tmp_path))
    assert len(known) > 20, known
    wanted = picture(federation)
    seed = int(os.environ.get("LOST_SEED") or random.randrange(10**6))  # noqa: S311
    chance = random.Random(seed)  # noqa: S311 - which answer, not a secret
    for number in range(int(os.environ.get("LOST", "2"))):
        federation = changed.restore()
        # Azuread sends no write again, aws does as often as it is told.
        tries = chance.choice(("1", "3"))
        configure(federation, "aws:maxRetries", tries)
        fault = lose(federation, chance, known)
        story = f"seed {seed}, answer {number}, {tries} tries: {fault}"
        healing = Healing(federation)
        last = healing.run()
        print(f"{story}: {healing.updates} updates, taken in {sorted(healing.taken_in)}")
        assert last.exit_code == 0, f"{story}: {last.output}"
        assert not waiting(federation), f"{story}: never made"
        assert differences(picture(federation), wanted) == [], story
        again = federation.stack.preview("--expect-no-changes", check=False)
        assert again.exit_code == 0, f"{story}: {again.output}"
