"""`python -m sandbox.privileges`: plays both stacks and writes docs/permissions.md.

Runs on a sandbox of its own and takes two minutes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from sandbox import process
from sandbox.folder import REPOSITORY, Folder, Running, SandboxError
from sandbox.privileges.document import Usages, document
from sandbox.privileges.stories import STORIES, Play


def main() -> int:
    """Measure and write; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.privileges", description=__doc__)
    parser.add_argument(
        "--output", type=Path, default=REPOSITORY / "docs" / "permissions.md", metavar="FILE"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Folder(Path(place))
        try:
            running, _ = process.start(folder, process.Start())
            page = document(*(_play(folder, running, name) for name in ("plain", "full")))
        except SandboxError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        finally:
            process.stop(folder)
    asked.output.write_text(page, encoding="utf-8")
    return 0


def _play(folder: Folder, running: Running, name: str) -> Usages:
    play = Play(folder, running, STORIES[name])
    play.make()
    play.change()
    play.destroy()
    return play.usage


if __name__ == "__main__":
    sys.exit(main())
