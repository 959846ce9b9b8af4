"""An instance made by hand is taken into a stack, and nothing in the clouds changes by it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from demo.checkout import REPOSITORY
from demo.stack import STACK, write_project
from entra_aws_sandbox.pulumi import PulumiStack
from entra_aws_sandbox.request_log import counts
from entra_aws_sandbox.testing import Sandbox
from tests.by_hand import NAME, ByHand
from tests.engine.federation import changed

pytestmark = pytest.mark.engine
# Said beforehand: nobody can read the token, so the secret is written anew; `useExisting` is a
# setting of the provider's, which no import can know.
SAID = [("create", "SynchronizationSecret"), ("update", "ServicePrincipal")]
KEEP_NO_CODE = ("--yes", "--skip-preview", "--generate-code=false", "--protect=false")


def ops(stack: PulumiStack, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ops", *arguments],
        cwd=REPOSITORY,
        env=stack.environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def asked(sandbox: Sandbox, before: Counter[str], *operations: str) -> list[str]:
    """Operations of AWS that were called since then and begin with one of these words."""
    calls = counts(sandbox.folder.requests) - before
    names = [call.removeprefix("aws ") for call in calls if call.startswith("aws ")]
    assert names
    return [name for name in names if name.startswith(operations)]


def test_what_exists_is_taken_in_and_stays_as_it_is(sandbox: Sandbox, tmp_path: Path) -> None:
    by_hand, project = ByHand.make(sandbox), tmp_path / "stack"
    write_project(project)
    stack = PulumiStack(project, sandbox.environment, stack=STACK)
    stack.select()
    at = ("-C", str(project), "--stack", STACK)
    adopted = ops(stack, "adopt", *at, "--out", str(project / "access"))
    assert (adopted.returncode, adopted.stderr) == (0, "")
    # What a person copies from the console and from the output.
    (project / "service-provider.xml").write_text(by_hand.metadata)
    second = sandbox.console.rotate_token()
    for key, value in {
        "access": str(project / "access/access.yaml"),
        "enterpriseApp.name": NAME,
        "enterpriseApp.signingCertificates.initial": "retired",
        "enterpriseApp.notificationEmails[0]": "identity@example.com",
        "identityCenter.accessPortalUrl": by_hand.portal,
        "identityCenter.serviceProviderMetadata": str(project / "service-provider.xml"),
        "provisioning.endpoint": by_hand.endpoint,
        "provisioning.tokenExpires": second["expires"][:10],
    }.items():
        stack.set_config(key, value)
    stack.set_config("provisioning.accessToken", second["accessToken"], secret=True)

    file = project / "imports.json"
    written = ops(stack, "import-file", *at, str(file))
    assert (written.returncode, written.stderr) == (1, "")
    assert written.stdout.endswith("\n  + SynchronizationSecret scim-provisioning\n")
    again = ops(stack, "import-file", *at, str(file))
    assert (again.returncode, "exists already" in again.stderr) == (2, True)

    before, certificates = by_hand.aws.assignments(), by_hand.certificates()
    # An import that was cut short: a part of the file, then all of it.
    whole = json.loads(file.read_text())
    some = tmp_path / "some.json"
    components = [one for one in whole["resources"] if one.get("component")]
    others = [one for one in whole["resources"] if not one.get("component")]
    part = [*components, *others[: len(others) // 2]]
    some.write_text(json.dumps({**whole, "resources": part}))
    calls = counts(sandbox.folder.requests)
    for one in (some, file):
        assert stack.run("import", "--file", str(one), *KEEP_NO_CODE).exit_code == 0
    assert not asked(sandbox, calls, "ListAccountAssignments")
    calls = counts(sandbox.folder.requests)
    updated = stack.up()
    assert changed(updated) == SAID
    assert not asked(sandbox, calls, "Create", "Put", "Attach", "Update", "Delete", "Provision")
    assert by_hand.aws.assignments() == before
    assert by_hand.certificates() == certificates
    assert not stack.preview("--refresh").changes
    assert not stack.up("--expect-no-changes").changes
