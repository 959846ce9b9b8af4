"""`script/demo`: plays the story on the sandbox and leaves it running."""

from __future__ import annotations

import argparse
import sys
from io import TextIOWrapper

from botocore.exceptions import BotoCoreError, ClientError

from demo import stack
from demo.evidence import Clouds
from demo.narrator import Narrator
from demo.story import Story, ends
from demo.teardown import tear_down
from entra_aws_sandbox import process
from entra_aws_sandbox.console import Console
from entra_aws_sandbox.control import PREFIX, post
from entra_aws_sandbox.folder import Folder, Running, SandboxError
from entra_aws_sandbox.providers import plugins


def main() -> int:
    """Play or tear down; returns the exit code. The failing step and its reason go to stderr."""
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__.partition(": ")[2])
    parser.add_argument("--destroy", action="store_true", help="tear down, and prove it")
    plugins.add_argument(parser)
    asked = parser.parse_args()
    # A locale that lacks a sign must not end the story.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    folder = Folder.named()
    try:
        _destroy(folder) if asked.destroy else _play(folder, asked.providers)
    except (SandboxError, BotoCoreError, ClientError) as error:
        print(f"\nThe demo failed here: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _play(folder: Folder, providers: str) -> None:
    narrator = Narrator()
    with narrator.step(None, "Sandbox running") as line:
        running = _fresh_sandbox(folder, providers)
        pulumi = stack.make(folder)
        line.evidence = f"AWS {running.awsUrl}, Entra {running.entraUrl}"
        line.how = f"plugins {running.providers}"
    clouds = Clouds(pulumi.environment)
    story = Story(folder, pulumi, Console(folder, running), clouds, narrator)
    story.play()
    narrator.say(ends(story.outputs, story.portal, folder))
    narrator.say(f"\nDone in {narrator.seconds:.0f} s.")


def _destroy(folder: Folder) -> None:
    if folder.running() is None:
        raise SandboxError("there is nothing to tear down, since no sandbox runs on this folder.")
    narrator = Narrator()
    pulumi = stack.make(folder)
    tear_down(pulumi, Clouds(pulumi.environment), narrator)
    process.stop(folder)
    folder.forget_stack()
    narrator.say(f"\nThe sandbox has stopped. Done in {narrator.seconds:.0f} s.")


def _fresh_sandbox(folder: Folder, providers: str) -> Running:
    running = folder.running()
    wanted = plugins.parse(providers)
    if running is not None and not plugins.is_as_wanted(running.providers, wanted):
        process.stop(folder)
        running = None
    if running is None:
        return process.start(folder, process.Start(providers=providers))[0]
    post(f"{running.awsUrl}{PREFIX}reset")
    folder.forget_stack()
    return running


if __name__ == "__main__":
    sys.exit(main())
