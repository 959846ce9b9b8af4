"""A stack as an operator's command sees it: through the Pulumi CLI, without being the program."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, wraps
from math import inf
from pathlib import Path
from typing import Any, Final

from federation.engine.checkpoint import Checkpoint, read
from federation.update.access_stack import KEY as FEDERATION_STACK
from federation.update.access_stack import AccessStackSettings, load_access_stack
from federation.update.settings import NAMESPACE, Settings, load_settings
from ops import INTERRUPTED

REPOSITORY: Final = Path(__file__).resolve().parent.parent
UNUSABLE: Final = 2
# Marks of a special value in a checkpoint, and of a secret among them (pulumi/pulumi, sdk/go
# property signatures).
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a type tag, not a secret
_STACK: Final = "pulumi:pulumi:Stack"
_ENVIRONMENT: Final = {"PULUMI_SKIP_UPDATE_CHECK": "true"}


def day(text: str) -> date:
    """A date in the command line. Raises ArgumentTypeError with a sentence."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no date such as 2027-03-31") from None


def positive(text: str) -> float:
    """A number over 0 in the command line. Raises ArgumentTypeError with a sentence."""
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < inf:
        raise ArgumentTypeError(f"{text!r} is no number over 0")
    return number


class StackError(RuntimeError):
    """The stack can't be read or changed through the CLI; the message is one sentence."""


def add_stack_arguments(parser: ArgumentParser) -> None:
    """`-C DIR` and `--stack NAME`, as the Pulumi CLI has them."""
    parser.add_argument(
        "-C",
        "--cwd",
        type=Path,
        default=Path(),
        metavar="DIR",
        help="folder of Pulumi.yaml (default: the current one)",
    )
    parser.add_argument(
        "-s", "--stack", metavar="NAME", help="the stack (default: the selected one)"
    )


def refusals() -> tuple[type[Exception], ...]:
    """The errors that mean: nothing can be said about this stack now."""
    # Imported here: boto3 takes a third of a second that `--help` should not pay.
    from clouds.aws import AwsError  # noqa: PLC0415
    from clouds.entra import EntraError  # noqa: PLC0415
    from clouds.scim import ScimError  # noqa: PLC0415
    from federation.identity.instance import UnusableInstanceError  # noqa: PLC0415

    return StackError, AwsError, EntraError, ScimError, UnusableInstanceError


def command(run: Callable[[Namespace], int]) -> Callable[[Namespace], int]:
    """A command whose refusals are printed as one sentence and end in exit code 2."""

    @wraps(run)
    def wrapped(arguments: Namespace) -> int:
        try:
            return run(arguments)
        except refusals() as error:
            print(f"error: {error}", file=sys.stderr)
            return UNUSABLE

    return wrapped


@dataclass(frozen=True, kw_only=True)
class Cli:
    """The Pulumi CLI in one folder, on one stack (None: the selected one)."""

    directory: Path = Path()
    stack: str | None = None

    def run(
        self, *arguments: str, stdin: str = "", seconds: float = 600
    ) -> subprocess.CompletedProcess[str]:
        """Any command; its exit code is the caller's. Raises StackError when it can't run."""
        try:
            return subprocess.run(
                self._command(arguments),
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
                input=stdin,
                env={**os.environ, **_ENVIRONMENT},
            )
        except OSError as error:
            raise StackError(f"the Pulumi CLI can't be run: {error.strerror}") from None
        except subprocess.TimeoutExpired:
            raise StackError(f"pulumi {arguments[0]} did not end within {seconds:.0f} s") from None

    def follow(self, *arguments: str, environment: Mapping[str, str] | None = None) -> int:
        """A command that changes the stack, its output passed on as it comes; its exit code.

        One failing resource does not keep the others from being changed. After Ctrl-C it waits
        until Pulumi has ended in order, then returns INTERRUPTED. Raises StackError when it can't
        run.
        """
        interrupts: list[int] = []
        # The terminal sends Ctrl-C to Pulumi as well; killed, it could write down nothing more.
        before = signal.signal(signal.SIGINT, lambda number, _: interrupts.append(number))
        try:
            ended = subprocess.call(
                self._command(arguments),
                stdin=subprocess.DEVNULL,
                env={
                    **os.environ,
                    **_ENVIRONMENT,
                    "PULUMI_CONTINUE_ON_ERROR": "true",
                    **(environment or {}),
                },
            )
        except OSError as error:
            raise StackError(f"the Pulumi CLI can't be run: {error.strerror}") from None
        finally:
            signal.signal(signal.SIGINT, before)
        return INTERRUPTED if interrupts else ended

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [
            *(_executable(), "-C", str(self.directory.resolve()), *arguments),
            *(("--stack", self.stack) if self.stack else ()),
            *("--non-interactive", "--color", "never"),
        ]

    def checked(self, *arguments: str, stdin: str = "", seconds: float = 600) -> str:
        """The standard output of a command that must succeed. Raises StackError."""
        done = self.run(*arguments, stdin=stdin, seconds=seconds)
        if done.returncode:
            raise StackError(explain(done.stderr or done.stdout))
        return done.stdout


def _executable() -> str:
    own = REPOSITORY / ".tools" / "pulumi" / "bin" / "pulumi"
    found = shutil.which("pulumi") or (str(own) if own.exists() else None)
    if found is None:
        raise StackError("the Pulumi CLI is not on PATH: run script/setup, or install it")
    return found


# What the CLI says, and what a person does about it.
_EXPLANATIONS: Final = {
    "no stack selected": "no stack is selected: name one with --stack, or run pulumi stack select",
    "no Pulumi.yaml project file found": "there is no Pulumi.yaml here or above: name its folder "
    "with -C",
    "error: chdir ": "what -C names is no folder",
    "PULUMI_ACCESS_TOKEN must be set": "Pulumi does not know where the state is: "
    "run pulumi login, or set PULUMI_BACKEND_URL (docs/backends.md)",
    "incorrect passphrase": "the passphrase is wrong: correct PULUMI_CONFIG_PASSPHRASE or "
    "PULUMI_CONFIG_PASSPHRASE_FILE",
    "passphrase must be set": "the stack's secrets need a passphrase: set PULUMI_CONFIG_PASSPHRASE "
    "or PULUMI_CONFIG_PASSPHRASE_FILE",
    "no stack named": "there is no such stack: pulumi stack ls shows those that exist",
}


def explain(output: str) -> str:
    """One sentence for what the CLI printed when it failed."""
    for fragment, sentence in _EXPLANATIONS.items():
        if fragment in output:
            return sentence
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    told = next((line for line in lines if line.startswith("error:")), lines[-1] if lines else "")
    return f"pulumi: {told.removeprefix('error:').strip() or 'no reason was given'}"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource of the checkpoint, or one that was being made; secrets are left out of both."""

    urn: str
    type: str
    id: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.split("::", 3)[3]


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Everything that the CLI says about a stack, read once.

    `configuration` holds every value, secrets included: it stays in this process.
    """

    cli: Cli
    name: str
    configuration: Mapping[str, Any] = field(repr=False)
    checkpoint: Checkpoint
    resources: tuple[Resource, ...]
    creating: tuple[Resource, ...] = ()
    pending: int = 0
    outputs: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def settings(self) -> Settings:
        """The validated configuration. Raises InvalidInput; StackError for an access stack."""
        found = self.any_settings
        if isinstance(found, AccessStackSettings):
            raise StackError(
                f"{self.name} is an access stack: ask its federation stack, "
                f"{found.federation_stack}; what is held here is in this stack's output held"
            )
        return found

    @cached_property
    def any_settings(self) -> Settings | AccessStackSettings:
        """The validated configuration of either kind of stack. Raises InvalidInput."""
        values, file = self.section(NAMESPACE), f"Pulumi.{self.name}.yaml"
        if FEDERATION_STACK in values:
            return load_access_stack(values, file=file)
        return load_settings(values, file=file)

    def section(self, namespace: str) -> dict[str, Any]:
        """The configuration of one namespace, keys without it."""
        prefix = f"{namespace}:"
        return {
            key.removeprefix(prefix): value
            for key, value in self.configuration.items()
            if key.startswith(prefix)
        }

    def of_type(self, kind: str) -> Iterator[Resource]:
        """The resources of one kind, such as `SynchronizationJob`."""
        return (one for one in self.resources if one.type.rpartition(":")[2] == kind)

    def one(self, kind: str) -> Resource | None:
        """The first resource of a kind, None when the checkpoint has none."""
        return next(self.of_type(kind), None)


def open_stack(arguments: Namespace) -> Stack:
    """The stack that the arguments name. Raises StackError with one sentence."""
    return read_stack(Cli(directory=arguments.cwd, stack=arguments.stack))


def read_stack(cli: Cli) -> Stack:
    """Read name, configuration and checkpoint through the CLI. Raises StackError."""
    with ThreadPoolExecutor(3) as pool:
        name = pool.submit(cli.checked, "stack", "--show-name")
        configuration = pool.submit(cli.checked, "config", "--json", "--show-secrets")
        export = pool.submit(cli.checked, "stack", "export", "--show-secrets")
        return parse_stack(
            cli,
            name=cli.stack or name.result().strip(),
            configuration=json.loads(configuration.result()),
            export=json.loads(export.result()),
        )


def parse_stack(
    cli: Cli, *, name: str, configuration: Mapping[str, Any], export: Mapping[str, Any]
) -> Stack:
    """A stack from the JSON of `pulumi config --json` and `pulumi stack export`."""
    deployment = export.get("deployment") or {}
    entries = [one for one in deployment.get("resources") or [] if not one.get("delete")]
    operations = deployment.get("pending_operations") or []
    root: dict[str, Any] = next((one for one in entries if one["type"] == _STACK), {})
    return Stack(
        cli=cli,
        name=name.rpartition("/")[2],
        configuration={
            key: entry.get("objectValue", entry.get("value"))
            for key, entry in configuration.items()
        },
        # The engine's own read, which the program uses, leaves the stack itself out as well.
        checkpoint=read(
            {one["urn"]: revealed(one.get("outputs") or {}) for one in entries if one != root}
        ),
        resources=tuple(_resource(one) for one in entries),
        creating=tuple(
            _resource(operation["resource"])
            for operation in operations
            if operation["type"] == "creating"
        ),
        pending=len(operations),
        outputs=blinded(root.get("outputs") or {}),
    )


def _resource(entry: Mapping[str, Any]) -> Resource:
    return Resource(
        urn=entry["urn"],
        type=entry["type"],
        id=entry.get("id") or "",
        inputs=blinded(entry.get("inputs") or {}),
        outputs=blinded(entry.get("outputs") or {}),
    )


def revealed(value: Any) -> Any:
    """A checkpoint value in clear text."""
    return _plain(value, lambda secret: json.loads(secret["plaintext"]))


def blinded(value: Any) -> Any:
    """A checkpoint value with None in the place of every secret."""
    return _plain(value, lambda _: None)


def _plain(value: Any, secret: Callable[[Mapping[str, Any]], Any]) -> Any:
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return secret(value)
        return {key: _plain(item, secret) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, secret) for item in value]
    return value
