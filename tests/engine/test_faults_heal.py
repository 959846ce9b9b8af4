"""After any write that failed or whose answer was lost, the next plain `up` makes what is declared.

Each stage is a change that makes many kinds of writes. It is played once without faults, which
gives the picture of both clouds to be reached; then with each kind of fault on every write at
once. An update is repeated until no fault is left to come, then once more without any. Where the
program names `ops recover`, it is run: that way out is the table in docs/faults.md.
"""

from __future__ import annotations

import os

import pytest

from demo.checkout import REPOSITORY
from entra_aws_sandbox.testing import Sandbox
from tests.engine.federation import Federation
from tests.engine.healing import Healing, waiting
from tests.engine.picture import Picture, differences, picture
from tests.engine.prepared import Prepared, configure
from tests.engine.stages import STAGES, Stage

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive]

DOCUMENT = REPOSITORY / "docs" / "faults.md"
# How often the azuread provider makes a call that is refused with 503; any other ends at once, and
# the aws provider is told to make each call once.
_GRAPH_TRIES = 8
# How a cloud refuses; `error` (5xx) takes minutes more: the azuread provider waits and repeats.
_REFUSAL = os.environ.get("REFUSAL", "conflict")
FAULTS = {_REFUSAL: "refused", "lost": "lost answer", "failed": "fails later"}
ASYNCHRONOUS = ("CreateAccountAssignment", "DeleteAccountAssignment", "ProvisionPermissionSet")
# (stage, fault) → what `ops recover` took in; filled by the tests.
SEEN: dict[tuple[str, str], Healing] = {}


@pytest.fixture(scope="module")
def begun(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Prepared]:
    """One federation, kept at the beginning of each stage."""
    sandbox.folder.forget_stack()
    federation = Federation.create(sandbox, tmp_path_factory.mktemp("stack"))
    configure(federation, "aws:maxRetries", "1")
    kept = tmp_path_factory.mktemp("kept")

    def keep(name: str) -> Prepared:
        return Prepared.keep(federation, kept / name)

    begun = {"nothing": keep("nothing")}
    federation.stack.up()
    federation.enter_trust()
    begun["trust"] = keep("trust")
    federation.stack.up()
    federation.enter_provisioning()
    begun["provisioning"] = keep("provisioning")
    federation.stack.up()
    # Whoever can't arrive in this update arrives in the next.
    configure(federation, "waitMinutes", 0.1)
    begun["access"] = keep("access")
    return begun


@pytest.fixture(scope="module")
def wanted() -> dict[str, Picture]:
    """What each stage comes to without faults."""
    return {}


def switch_on(federation: Federation, stage: Stage, fault: str) -> None:
    """Let each write of a stage fail once for good, as the provider sees it."""
    tries = _GRAPH_TRIES if fault == "error" else 1
    graph = stage.graph if fault != "failed" else ()
    aws = [one for one in stage.aws if fault != "failed" or one in ASYNCHRONOUS]
    federation.sandbox.control_entra(
        "faults", {"faults": [{"kind": fault, "operation": one, "times": tries} for one in graph]}
    )
    federation.sandbox.set_faults(
        *({"kind": fault, "service": "sso-admin", "operation": one} for one in aws)
    )


def meets(stage: Stage, fault: str) -> bool:
    """Whether a stage makes a write that can fail in this way."""
    return fault != "failed" or bool(set(stage.aws) & set(ASYNCHRONOUS))


CASES = [(name, fault) for name in STAGES for fault in FAULTS if meets(STAGES[name], fault)]


@pytest.mark.parametrize(("name", "fault"), CASES)
def test_the_next_update_heals(
    begun: dict[str, Prepared], wanted: dict[str, Picture], name: str, fault: str
) -> None:
    stage = STAGES[name]
    if name not in wanted:
        federation = begun[stage.begin].restore()
        stage.change(federation)
        federation.stack.up()
        wanted[name] = picture(federation)
    federation = begun[stage.begin].restore()
    stage.change(federation)
    switch_on(federation, stage, fault)
    healing = Healing(federation)
    last = healing.run()
    assert last.exit_code == 0, last.output
    # What is taken in needs some writes no more.
    assert fault == "lost" or not waiting(federation), "these writes were never made"
    assert differences(picture(federation), wanted[name]) == []
    again = federation.stack.preview("--expect-no-changes", check=False)
    assert again.exit_code == 0, again.output
    SEEN[name, fault] = healing
    print(f"{name}, {fault}: {healing.updates} updates, taken in {sorted(healing.taken_in)}")


def test_the_table_in_the_documentation_is_what_was_seen() -> None:
    if SEEN.keys() != set(CASES):
        pytest.skip("the tests above fill the table")
    lines = [
        "| Change | " + " | ".join(FAULTS.values()) + " |",
        "|---|" + "---|" * len(FAULTS),
    ]
    lines += [
        f"| {stage.told} | " + " | ".join(cell(name, fault) for fault in FAULTS) + " |"
        for name, stage in STAGES.items()
    ]
    table = "\n".join(lines)
    assert table in DOCUMENT.read_text(), f"write into {DOCUMENT.name}:\n{table}"


def cell(name: str, fault: str) -> str:
    """How the stage healed: by itself, or by which kinds of resources taken in."""
    if (name, fault) not in SEEN:
        return "—"
    taken_in = ", ".join(sorted(SEEN[name, fault].taken_in))
    return f"`recover`: {taken_in}" if taken_in else "`up`"
