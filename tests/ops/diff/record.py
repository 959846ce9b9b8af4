"""Record the previews of the golden files anew: `python -m tests.ops.diff.record`.

Plays every kind of change on a sandbox of its own, through the real engine, and then writes the
Markdown of each; with `--render` only that. Read what `git diff` shows of golden/ as a reviewer
would.
"""

from __future__ import annotations

import copy
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from demo.stack import STACK
from entra_aws_sandbox.testing import start_sandbox, stop_sandbox
from federation.diff.rendering.markdown import as_markdown
from federation.engine.preview import parse_preview
from ops.cli import Cli
from ops.diff import PREVIEW
from ops.diff.context import stack_context
from tests.engine.federation import Federation
from tests.ops.diff import recorded
from tests.ops.diff.base import BASE
from tests.ops.diff.kinds import KINDS


def main() -> None:
    """Record all kinds."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        sandbox = start_sandbox(place / "sandbox")
        try:
            with patch.dict(os.environ, sandbox.environment):
                federation = Federation.create(sandbox, place / "stack")
                federation.access = copy.deepcopy(BASE)
                federation.write_access()
                recordings = _record_all(federation)
        finally:
            stop_sandbox(place / "sandbox")
    recorded.write(recordings)


def render() -> None:
    """Write the Markdown of every recording."""
    recorded.GOLDEN.mkdir(exist_ok=True)
    for file in sorted(recorded.PREVIEWS.glob("*.json")):
        golden = as_markdown(recorded.read(file.stem))
        (recorded.GOLDEN / f"{file.stem}.md").write_text(golden, encoding="utf-8")


def _record_all(federation: Federation) -> dict[str, Any]:
    recordings: dict[str, Any] = {}
    normalise = recorded.Normaliser(
        folder=federation.folder,
        today=datetime.now(UTC).date(),
        accounts={one["Id"] for one in _accounts(federation)},
    )

    def record(name: str) -> None:
        recordings[name] = normalise(_recording(federation))
        print(name, flush=True)

    record("first-update")
    federation.stack.up()
    federation.enter_trust()
    record("phase-forward-to-trust")
    federation.stack.up()
    federation.enter_provisioning()
    record("phase-forward-to-access")
    federation.stack.up()
    for name, kind in KINDS.items():
        with _restored(federation):
            play = kind(federation)
            next(play)
            record(name)
            next(play, None)
    return recordings


def _accounts(federation: Federation) -> list[dict[str, str]]:
    pages = federation.sandbox.aws.organizations.get_paginator("list_accounts").paginate()
    return [account for page in pages for account in page["Accounts"]]


@contextmanager
def _restored(federation: Federation) -> Iterator[None]:
    config = federation.folder / f"Pulumi.{STACK}.yaml"
    kept = config.read_text()
    yield
    config.write_text(kept)
    federation.access = copy.deepcopy(BASE)
    federation.write_access()


def _recording(federation: Federation) -> dict[str, Any]:
    cli = Cli(directory=federation.folder, stack=STACK)
    printed = cli.run(*PREVIEW).stdout
    if "Traceback" in printed:
        raise SystemExit(printed)
    data = json.loads(printed)
    context = stack_context(
        parse_preview(data),
        cli,
        organization=None,
        access=None,
        today=datetime.now(UTC).date(),
    )
    return {"preview": data, "context": recorded.context_data(context)}


if __name__ == "__main__":
    if sys.argv[1:] != ["--render"]:
        main()
    render()
