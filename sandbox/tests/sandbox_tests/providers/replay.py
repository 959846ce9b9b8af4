"""Plays the recorded steps: what the azuread double sends to the emulator, operation by operation.

The recording (`azuread-recording.jsonl`) holds what the real plugin sent to the same emulator, in
its order: a line a call, `[status, "METHOD path?query", body]`, after a line that names the step.
A status of null is an answer that was lost. The ids of objects are `id-N`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import grpc

from sandbox_tests.providers.support import Engine, Made, left_unfinished, plain

# As the program says of the service principal.
IGNORED = {"azuread:index/servicePrincipal:ServicePrincipal": ["owners"]}
RECORDING = Path(__file__).with_name("azuread-recording.jsonl")

Call = tuple[int | None, str, Any]


def recording() -> dict[str, list[Call]]:
    """The recorded calls of each step."""
    steps: dict[str, list[Call]] = {}
    calls: list[Call] = []
    for line in RECORDING.read_text().splitlines():
        entry = json.loads(line)
        if isinstance(entry, dict):
            calls = steps[entry["step"]] = []
        else:
            status, request, *body = entry
            calls.append((status, request, _comparable(body[0] if body else None)))
    return steps


def _comparable(body: Any) -> Any:
    """A body without what differs from run to run: the order of a set follows from its values."""
    match body:
        case {"web": {"redirectUris": list(uris)}}:
            return {**body, "web": {"redirectUris": sorted(uris)}}
        case {"value": [{"key": str()}, *_] as pairs}:
            hidden = [
                {**pair, "value": "(secret)"} if pair["key"] == "SecretToken" else pair
                for pair in pairs
            ]
            return {"value": hidden}
        case {"mailNickname": str(nickname)} if re.fullmatch("[0-9a-f]{8}-[0-9a-f]", nickname):
            return {**body, "mailNickname": "{nickname}"}
        case {"displayName": str(name)} if name.startswith("TERRAFORM_UPDATE_"):
            return {**body, "displayName": "TERRAFORM_UPDATE_{uuid}"}
        case _:
            return body


def _text(call: Call) -> str:
    return json.dumps(call, sort_keys=True)


def left_over(recorded: list[Call], sequences: Iterable[list[Call]]) -> str:
    """Why the recorded calls are no interleaving of these sequences; empty when they are one.

    The real plugin works on several resources at once, so their calls come in any mixture; those
    of one operation keep their order.
    """
    start = tuple(sorted(tuple(map(_text, calls)) for calls in sequences if calls))
    wanted = [_text(call) for call in recorded]
    furthest = 0
    seen: set[tuple[int, tuple[tuple[str, ...], ...]]] = set()
    waiting = [(0, start)]
    while waiting:
        at, rest = state = waiting.pop()
        if state in seen:
            continue
        seen.add(state)
        furthest = max(furthest, at)
        if at == len(wanted):
            if not rest:
                return ""
            continue
        for number, calls in enumerate(rest):
            if calls[0] == wanted[at] and calls not in rest[:number]:
                remaining = (calls[1:],) if len(calls) > 1 else ()
                following = (*rest[:number], *rest[number + 1 :], *remaining)
                waiting.append((at + 1, tuple(sorted(following))))
    sent = sum(map(len, start))
    told = wanted[furthest] if furthest < len(wanted) else "nothing more"
    return f"after {furthest} of {len(wanted)} recorded calls ({sent} were sent) comes {told}"


@dataclass
class Wire:
    """A WSGI application that keeps the Graph calls that pass, with the emulator's statuses."""

    app: Any
    calls: list[Call] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve one request."""
        path, query = environ["PATH_INFO"], unquote(environ.get("QUERY_STRING", ""))
        if not path.startswith(("/v1.0/", "/beta/")):
            yield from self.app(environ, start_response)
            return
        body = environ["wsgi.input"].read()
        environ["wsgi.input"].seek(0)
        answered: list[int] = []

        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            answered.append(int(status.split(" ", 1)[0]))
            return start_response(status, headers, exc_info)

        line = f"{environ['REQUEST_METHOD']} {path}" + (f"?{query}" if query else "")
        try:
            yield from self.app(environ, start)
        finally:
            status = answered[0] if answered else None
            self.calls.append((status, line, json.loads(body) if body else None))


class Player:
    """Plays operations one after the other."""

    def __init__(self, engine: Engine, wire: Wire, names: Mapping[str, str]) -> None:
        """`names`: the recorded name of each actual value."""
        self._engine = engine
        self._wire = wire
        self._actual = {recorded: actual for actual, recorded in names.items()}
        self._recorded = dict(names)
        self.resources: dict[str, tuple[str, Made]] = {}
        self._sent: list[list[Call]] = []

    def take(self) -> list[list[Call]]:
        """What each operation since the last time sent, in recorded names."""
        taken = [[self._as_recorded(call) for call in calls] for calls in self._sent]
        self._sent.clear()
        return taken

    def name(self, actual: str, recorded: str) -> None:
        """Say which recorded name an actual value has."""
        self._actual[recorded] = actual
        self._recorded[actual] = recorded

    def actual(self, value: Any) -> Any:
        """Recorded names in a value, put as what they are in this run."""
        text = json.dumps(value)
        named = re.compile("|".join(sorted(map(re.escape, self._actual), key=len, reverse=True)))
        found = named.sub(lambda match: self._actual[match.group()], text)
        return json.loads(found)

    @contextmanager
    def unrecorded(self) -> Iterator[None]:
        """What happens between recorded steps."""
        kept = len(self._sent)
        yield
        del self._sent[kept:]

    def create(self, key: str, token: str, name: str = "", /, **inputs: Any) -> None:
        """Create; `name` is the recorded name of the object. A failure is part of the step."""
        given = self.actual(inputs)
        with self._operation():
            try:
                made = self._engine.create(token, given)
            except grpc.RpcError as error:
                if "grpc-status-details-bin" not in dict(error.trailing_metadata() or ()):
                    return
                unfinished = left_unfinished(error)
                checked = self._engine.checked(token, given)
                made = Made(unfinished.id, checked, plain(unfinished.properties))
            if name:
                self.name(made.id.rpartition("/")[2], name)
        self.resources[key] = (token, made)

    def update(self, key: str, **changes: Any) -> None:
        """Diff and update with these inputs changed; None takes an input away."""
        token, made = self.resources[key]
        given, ignored = self._inputs(made, changes), IGNORED.get(token, [])
        with self._operation():
            self._engine.diff(token, made, given, ignoreChanges=ignored)
            try:
                updated = self._engine.update(token, made, given, ignoreChanges=ignored)
            except grpc.RpcError as error:
                unfinished = left_unfinished(error)
                checked = self._engine.checked(token, given, made.inputs)
                updated = Made(made.id, checked, plain(unfinished.properties))
        self.resources[key] = (token, updated)

    def differs(self, key: str, **changes: Any) -> list[str]:
        """What a diff with these inputs shows."""
        token, made = self.resources[key]
        return list(self._engine.diff(token, made, self._inputs(made, changes)).diffs)

    def _inputs(self, made: Made, changes: dict[str, Any]) -> dict[str, Any]:
        declared = {name: value for name, value in made.inputs.items() if name != "__defaults"}
        changed = declared | self.actual(changes)
        return {name: value for name, value in changed.items() if value is not None}

    def refresh(self) -> list[str]:
        """Read every resource; the keys of those that are gone."""
        gone = []
        for key, (token, made) in list(self.resources.items()):
            with self._operation():
                found = self._engine.refresh(token, made)
            if found is None:
                gone.append(key)
                del self.resources[key]
            else:
                self.resources[key] = (token, Made(found.id, made.inputs, found.state))
        return gone

    def imports(self, key: str, token: str, identity: str) -> None:
        """Import by id."""
        with self._operation():
            found = self._engine.imported(token, self.actual(identity))
        assert found is not None
        self.resources[key] = (token, found)

    def delete(self, *keys: str) -> None:
        """Delete."""
        for key in keys:
            with self._operation():
                token, made = self.resources.pop(key)
                self._engine.delete(token, made)

    def invoke(self, token: str, times: int = 1, /, **arguments: Any) -> None:
        """Run a function, for each time that the program was run."""
        for _ in range(times):
            with self._operation():
                self._engine.invoke(token, **self.actual(arguments))

    @contextmanager
    def _operation(self) -> Iterator[None]:
        self._wire.calls.clear()
        yield
        self._sent.append(self._wire.calls[:])

    def _as_recorded(self, call: Call) -> Call:
        status, line, body = call
        named = re.compile("|".join(sorted(map(re.escape, self._recorded), key=len, reverse=True)))

        def renamed(text: str) -> str:
            return named.sub(lambda match: self._recorded[match.group()], text)

        return status, renamed(line), _comparable(json.loads(renamed(json.dumps(body))))
