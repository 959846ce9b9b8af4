"""A stack as an operator's command sees it: through the Pulumi CLI, without being the program."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from federation.core.urn import Urn, kind_of
from federation.engine.checkpoint import Checkpoint, read
from federation.update.access_stack import KEY as FEDERATION_STACK
from federation.update.access_stack import AccessStackSettings, load_access_stack
from federation.update.settings import NAMESPACE, Settings, load_settings
from ops.cli import Cli, StackError

# Marks of a special value in a checkpoint, and of a secret among them (pulumi/pulumi, sdk/go
# property signatures).
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a type tag, not a secret
_STACK: Final = "pulumi:pulumi:Stack"


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
        return Urn.parse(self.urn).name


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
        return (one for one in self.resources if kind_of(one.type) == kind)

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
