"""What was granted by hand is named by every preview, and, account by account, on request."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.engine.by_hand import assign, assign_to_application
from tests.engine.federation import ASSIGNMENTS, Federation
from tests.engine.operator import ops, status
from tests.engine.prepared import Prepared

pytestmark = pytest.mark.engine

# Where nothing of ReadOnly is declared, and where it is declared for others.
ELSEWHERE, DECLARED = "222233334444", "611111111111"
REVOKED = ("444455556666", "ReadOnly", "AWS-Platform")


def decide(federation: Federation, policy: str) -> None:
    """Set `unmanaged` in the stack's configuration, without a second for the CLI."""
    file = federation.folder / "Pulumi.sandbox.yaml"
    content = yaml.safe_load(file.read_text())
    content["config"]["entra-identity-center:unmanaged"] = policy
    file.write_text(yaml.safe_dump(content, sort_keys=False))


def diff(federation: Federation) -> tuple[int, dict[str, Any]]:
    """The exit code and the data of the access diff."""
    done = ops(federation, "diff", "--format", "json")
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def by_hand(in_access: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A group assigned in an account of no rule, and a person assigned to the application."""
    federation = in_access.restore()
    assign(federation, ELSEWHERE, "AWS-Developers")
    assign_to_application(federation, "bob@example.com")
    return Prepared.keep(federation, tmp_path_factory.mktemp("kept") / "by-hand")


def test_every_preview_names_what_was_granted_by_hand(by_hand: Prepared) -> None:
    federation = by_hand.restore()
    code, told = diff(federation)
    assert code == 0
    assert told["warnings"] == []
    account, person = sorted(told["unmanaged"]["grants"], key=lambda one: str(one["kind"]))
    assert (account["permissionSet"], account["account"]["id"]) == ("ReadOnly", ELSEWHERE)
    assert (person["kind"], person["principal"]["type"]) == ("application", "user")
    shown = ops(federation, "diff").stdout
    assert "no changes, 2 grants by hand" in shown
    assert "? ReadOnly is assigned by hand on log-archive" in shown
    assert 'user "Bob' in shown

    preview = federation.stack.preview("--expect-no-changes", check=False)
    assert preview.exit_code != 0
    assert "ReadOnly is assigned by hand on log-archive (222233334444)" in preview.output
    updated = federation.stack.up()
    assert updated.changes == []
    assert f"is assigned by hand on log-archive ({ELSEWHERE})" in updated.output
    # Told once as a change, and as a warning for as long as it is there.
    preview = federation.stack.preview("--expect-no-changes")
    assert "ReadOnly is assigned by hand on log-archive" in preview.output
    # And what was only told of until now counts from the decision on.
    decide(federation, "fail")
    assert "unmanaged: fail" in federation.stack.up(check=False).errors


def test_fail_fails_every_update_and_keeps_no_revocation(by_hand: Prepared) -> None:
    federation = by_hand.restore()
    decide(federation, "fail")
    federation.rule("platform-look")["targets"] = [{"ou": "Workloads/Dev"}]
    federation.write_access()
    code, told = diff(federation)
    assert (code, told["unmanaged"]["fails"], told["failed"]) == (1, True, False)
    assert told["desiredState"]["hash"].startswith("sha256:")
    updated = ops(federation, "up", "--yes")
    assert updated.returncode == 1
    assert "is assigned by hand on log-archive (222233334444)" in updated.stdout + updated.stderr
    assert REVOKED not in federation.assignments()
    # Again and again, until somebody has decided.
    again = federation.stack.up(check=False)
    assert again.exit_code != 0
    assert "unmanaged: fail" in again.errors
    assert ASSIGNMENTS - {REVOKED} <= federation.assignments()


def test_who_has_a_set_in_a_declared_account_is_found_on_request(federation: Federation) -> None:
    assign(federation, DECLARED, "AWS-Developers")
    # Nothing that a preview asks shows it: the set is provisioned there anyhow.
    federation.stack.preview("--expect-no-changes")
    assert status(federation)[0] == 0
    code, shown = status(federation, "--full")
    assert code == 1
    (found,) = shown["unmanaged"]
    assert (found["kind"], found["permissionSet"]) == ("assignment", "ReadOnly")
    assert found["account"] == {"id": DECLARED, "name": "billing-dev"}
    assert (found["principal"]["type"], found["principal"]["name"]) == ("group", "AWS-Developers")
    assert any(found["text"] in problem for problem in shown["problems"])
    # Complete: nothing is kept that the next look would believe.
    assert not list((federation.folder / ".ops").glob("*"))
    doctor = ops(federation, "doctor", "--full")
    assert doctor.returncode == 1
    assert 'group "AWS-Developers"' in doctor.stdout
    assert "has ReadOnly on billing-dev (611111111111) by hand" in doctor.stdout


def test_status_names_to_whom_an_undeclared_account_was_given(by_hand: Prepared) -> None:
    federation = by_hand.restore()
    code, shown = status(federation)
    assert (code, [one["kind"] for one in shown["unmanaged"]]) == (1, ["application", "account"])
    _, shown = status(federation, "--full")
    assert [one["kind"] for one in shown["unmanaged"]] == ["application", "assignment"]
    # Whoever can stop an update hides nothing by it.
    federation.rule("platform-look")["targets"] = [{"ou": "Nowhere"}]
    federation.write_access()
    _, stopped = status(federation, "--full")
    assert stopped["stopped"]
    assert stopped["unmanaged"] == shown["unmanaged"]
