"""What a bridged provider knows of a resource: its schema, and how it creates, reads and deletes.

The rules are those of pulumi/pulumi-terraform-bridge (`pkg/tfbridge/{provider,schema}.go`).
"""

# ruff: noqa: ARG002  (not every resource needs all that its methods are given)
from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from entra_aws_sandbox.providers.wire import (
    DEFAULTS,
    UNKNOWN,
    Properties,
    is_unknown,
    without_defaults,
)


class ProviderError(Exception):
    """What the real plugin says when a call fails."""


@dataclass(frozen=True, kw_only=True)
class Schema:
    """A resource's properties, by their Pulumi names.

    `optional` are inputs that the cloud fills in when they are absent (Terraform's
    Optional+Computed). `nested` gives the defaults inside objects, by dotted path.
    """

    token: str
    required: frozenset[str]
    inputs: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    nested: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sets: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()
    autonamed: str = ""

    @property
    def accepted(self) -> frozenset[str]:
        """Every input property."""
        return self.required | self.inputs | self.optional


class Resource(ABC):
    """One resource type of a provider. Methods raise ProviderError."""

    schema: ClassVar[Schema]
    keeps_unread: ClassVar[bool] = False
    """Whether one just made stays in the state when the read that follows does not find it."""
    reads_updated: ClassVar[bool] = True
    """Whether an update ends with a read."""

    def plan(self, old: Properties, new: Properties) -> None:  # noqa: B027
        """What planning a change asks the cloud (Terraform's CustomizeDiff)."""

    @abstractmethod
    def create(self, inputs: Properties) -> str:
        """Make it; returns its id. What fails here leaves nothing in the state."""

    def settle(self, identity: str, inputs: Properties) -> None:  # noqa: B027
        """What follows once the id is known. What fails here leaves an unfinished resource."""

    @abstractmethod
    def read(self, identity: str, known: Properties) -> Properties | None:
        """The cloud's view, or None when it is gone. `known`: what only inputs or state tell."""

    def update(self, identity: str, old: Properties, new: Properties) -> None:
        """Change it in place.

        Also called without a difference, after a create or update that failed. A resource whose
        inputs all replace then answers what terraform-plugin-sdk does, until a refresh clears it.
        """
        raise ProviderError("doesn't support update")

    @abstractmethod
    def delete(self, identity: str, state: Properties) -> None:
        """Remove it."""

    def validate(self, inputs: Properties) -> Iterator[tuple[str, str]]:
        """Property and reason of each input that the real plugin refuses before any call."""
        yield from ()

    def planned(self, inputs: Properties) -> Properties:
        """Outputs that are known before the resource exists."""
        return {}

    def same(self, name: str, old: Any, new: Any) -> bool:
        """Whether two values of a property mean the same."""
        ordered = name not in self.schema.sets
        return canonical(old, ordered=ordered) == canonical(new, ordered=ordered)

    def changes(self, state: Properties, inputs: Properties) -> dict[str, tuple[Any, Any]]:
        """Old and new value of each input property that differs from the state."""
        found: dict[str, tuple[Any, Any]] = {}
        for name in sorted(self.schema.accepted):
            old, new = state.get(name), inputs.get(name)
            left_to_the_cloud = new is None and name in self.schema.optional
            if not left_to_the_cloud and (is_unknown(new) or not self.same(name, old, new)):
                found[name] = (old, new)
        return found

    def preview(self, inputs: Properties) -> Properties:
        """The outputs of a resource that is yet to be made."""
        pending = dict.fromkeys(self.schema.outputs | self.schema.optional, UNKNOWN)
        return {**pending, **without_defaults(inputs), **self.planned(inputs)}


def canonical(value: Any, *, ordered: bool = True) -> Any:
    """The value as Terraform compares it: absent, null, empty and false are one."""
    if isinstance(value, Mapping):
        parts = {name: canonical(part) for name, part in value.items() if name != DEFAULTS}
        return {name: part for name, part in parts.items() if part} or None
    if isinstance(value, list):
        parts_in_order = [canonical(part) for part in value]
        if not ordered:
            parts_in_order.sort(key=lambda part: json.dumps(part, sort_keys=True, default=repr))
        return parts_in_order or None
    return value or None


def with_defaults(schema: Schema, inputs: Properties, old: Properties) -> Properties:
    """The inputs with the schema's defaults, and in every object the list of those applied."""
    result = {name: _nested(schema, name, value) for name, value in inputs.items()}
    applied = {name: value for name, value in schema.defaults.items() if name not in inputs}
    name = schema.autonamed
    if name and name not in inputs and name in old.get(DEFAULTS, ()):
        applied[name] = old[name]
    return {**result, **applied, DEFAULTS: sorted(applied)}


def _nested(schema: Schema, path: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_nested(schema, path, part) for part in value]
    if path not in schema.nested or not isinstance(value, Mapping):
        return value
    result = {
        name: _nested(schema, f"{path}.{name}", part)
        for name, part in value.items()
        if name != DEFAULTS
    }
    applied = {name: part for name, part in schema.nested[path].items() if name not in result}
    return {**result, **applied, DEFAULTS: sorted(applied)}


@dataclass(frozen=True)
class Package:
    """A configured provider: its resources and functions by token."""

    resources: Mapping[str, Resource]
    functions: Mapping[str, Callable[[Properties], Properties]]
