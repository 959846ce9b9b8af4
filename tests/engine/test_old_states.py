"""States of older versions: the resources go by other names now, and are the same ones.

`states/fixed-child-names.json` was recorded from the version whose components named their children
alike in every instance (`pulumi stack export` of a federation in phase access, as ACCESS declares
it, with one attribute for access control): names, parents, dependencies and hooks of all resources,
without what a cloud answered. What belongs to a sandbox that lives (ids, inputs, outputs) comes
from a state of its own, which is put under the recorded names.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import pytest

from entra_aws_sandbox.pulumi import Run
from federation.core.urn import Urn
from tests.engine.federation import ASSIGNMENTS, Federation
from tests.engine.operator import ops

pytestmark = pytest.mark.engine

RECORDED: Final = Path(__file__).parent / "states" / "fixed-child-names.json"
_ATTRIBUTE: Final = "identityCenter.accessControlAttributes.department"


def _older(federation: Federation) -> Federation:
    """The federation in phase access, with a state of the older version."""
    federation.stack.set_config(_ATTRIBUTE, "${path:enterprise.department}")
    federation.stack.up()
    export = federation.stack.export()
    export["deployment"]["resources"] = _under_old_names(
        export["deployment"]["resources"], json.loads(RECORDED.read_text())
    )
    written = federation.stack.run("stack", "import", stdin=json.dumps(export))
    assert written.exit_code == 0, written.output
    return federation


def _under_old_names(
    resources: list[dict[str, Any]], recorded: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The state's resources, each with the name and relations that were recorded of it.

    A resource that has another name now is the only one of its type below its parent.
    """
    unclaimed = {one["urn"]: one for one in resources}
    providers = [
        unclaimed.pop(one["urn"]) for one in resources if one["type"].startswith("pulumi:providers")
    ]
    named = {old["urn"]: unclaimed.pop(old["urn"], None) for old in recorded}
    by_types: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for one in unclaimed.values():
        by_types[Urn.parse(one["urn"]).types].append(one)
    result = list(providers)
    for old in recorded:
        now = named[old["urn"]]
        if now is None:
            (now,) = by_types.pop(Urn.parse(old["urn"]).types)
        result.append({**now, **old})
    assert not by_types
    return result


def _renamed() -> set[str]:
    """The recorded names of what is named otherwise now."""
    return {
        *("access-control-attributes", "application", "service-principal", "identifier-uri"),
        *("redirect-uris", "signing-certificate-initial", "secret", "job"),
    }


def _names(federation: Federation) -> set[str]:
    resources = federation.stack.export()["deployment"]["resources"]
    return {Urn.parse(one["urn"]).name for one in resources}


def _unchanged(run: Run) -> bool:
    return {event.step.op for event in run.events} <= {"same"}


def test_an_older_state_keeps_every_resource(federation: Federation) -> None:
    old = _older(federation)
    assert _renamed() <= _names(old)
    preview = old.stack.preview("--expect-no-changes")
    assert _unchanged(preview), preview.events
    assert ops(old, "status").returncode == 0
    shown = ops(old, "diff")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    update = old.stack.up()
    assert _unchanged(update), update.events
    assert not _renamed() & _names(old)
    assert old.assignments() == ASSIGNMENTS
    assert _unchanged(old.stack.preview("--expect-no-changes"))


def test_a_failure_in_an_older_state_keeps_no_revocation_from_being_made(
    federation: Federation,
) -> None:
    old = _older(federation)
    old.access["rules"].remove(old.rule("platform-look"))
    old.write_access()
    old.stack.set_config("enterpriseApp.notificationEmails[0]", "security@example.com")
    fault = {"kind": "error", "operation": "PATCH /servicePrincipals/*", "times": None}
    old.sandbox.control_entra("faults", {"faults": [fault]})
    run = old.stack.up(check=False)
    assert run.exit_code != 0
    assert not {step.op for step in run.changes} & {"create", "replace"}
    assert {name for _, name, _ in old.assignments()} == {"Deploy"}
    old.sandbox.control_entra("faults", {"faults": []})
    old.stack.up()
    assert _unchanged(old.stack.preview("--expect-no-changes"))
    assert not _renamed() & _names(old)
