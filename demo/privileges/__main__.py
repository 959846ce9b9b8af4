"""`python -m demo.privileges`: plays all stacks and writes docs/permissions.md.

Runs on a sandbox of its own and takes three minutes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from demo.checkout import REPOSITORY
from demo.privileges.document import Usages, document
from demo.privileges.stories import STORIES, Play, TeamPlay
from entra_aws_sandbox import process
from entra_aws_sandbox.folder import Folder, Running, SandboxError


def main() -> int:
    """Measure and write; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo.privileges", description=__doc__)
    parser.add_argument(
        "--output", type=Path, default=REPOSITORY / "docs" / "permissions.md", metavar="FILE"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Folder(Path(place))
        try:
            running, _ = process.start(folder, process.Start())
            page = document(**_plays(folder, running))
        except SandboxError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        finally:
            process.stop(folder)
    asked.output.write_text(page, encoding="utf-8")
    return 0


def _plays(folder: Folder, running: Running) -> dict[str, Usages]:
    plain = Play(folder, running, STORIES["plain"])
    team = TeamPlay(folder, running, STORIES["team"])
    full = Play(folder, running, STORIES["full"])
    plain.make()
    plain.change()
    team.make()
    team.change()
    team.destroy()
    plain.destroy()
    full.make()
    full.change()
    full.destroy()
    return {play.story.name: play.usage for play in (plain, team, full)}


if __name__ == "__main__":
    sys.exit(main())
