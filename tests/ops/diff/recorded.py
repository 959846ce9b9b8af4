"""Recorded previews: what is kept of them, how ids are made stable, and how they are read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from federation.access.assignments import Assignment, PrincipalKey
from federation.access.labels import Identity
from federation.diff.changes import AccessDiff, AccountLabel, Context, access_diff
from federation.engine.preview import is_known, parse_preview

HERE = Path(__file__).parent
PREVIEWS = HERE / "previews"
GOLDEN = HERE / "golden"
# The day on which every recording is read.
TODAY = date(2026, 11, 24)
STACK = "prod"
# The recording that shares its steps with all others.
COMMON = "unchanged"
# Of a step's outputs only what the diff may look at is kept; the rest differs from run to run.
_OUTPUTS = (
    *("principalDisplayName", "endDate", "accounts", "endpoint", "expiries"),
    *("jobPath", "applicationId", "phase", "holders"),
)
_STATE = ("urn", "type", "inputs", "delete")
_IDS = re.compile(
    r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b"  # Entra and Identity Center
    r"|\b[0-9a-f]{10,11}-[0-9a-f]{4,12}(?:-[0-9a-f]{4,12})*\b"  # SCIM endpoints
    r"|\b(?<=ps-)[0-9a-f]{16}\b|\b[0-9a-f]{32}\b|\b[0-9A-F]{40}\b"
)
_DIGESTS = re.compile(r"\b[0-9a-f]{64}\b")
_PORTS = re.compile(r"127\.0\.0\.1:\d+")
_ACCOUNT = re.compile(r"(?<![-\w])\d{12}\b(?!-)")
_TIMES = re.compile(r"(?<=\dT)\d{2}:\d{2}:\d{2}(?=Z)")
_DATES = re.compile(r"\b(\d{4}-\d{2}-\d{2})(?=\b|T)")


class Normaliser:
    """The same recordings for every run: ids by order of appearance, dates from TODAY.

    `accounts` are those of the seed; others were made on the way.
    """

    def __init__(self, *, folder: Path, today: date, accounts: set[str]) -> None:
        self._folder = str(folder)
        self._today = today
        self._accounts = accounts
        self._numbers: dict[str, dict[str, int]] = {}

    def __call__(self, recording: Mapping[str, Any]) -> dict[str, Any]:
        """One recording; ids keep their numbers from one to the next."""
        text = json.dumps(_slim(recording), sort_keys=True, ensure_ascii=False)
        text = text.replace(self._folder, "environments/prod")
        text = text.replace("Pulumi.sandbox", "Pulumi.prod")
        text = text.replace("urn:pulumi:sandbox::", f"urn:pulumi:{STACK}::")
        text = self._named("id", _IDS, text, "00000000-0000-4000-8000-{:012}")
        text = self._named("digest", _DIGESTS, text, "{:064}")
        text = self._named("port", _PORTS, text, "127.0.0.1:{}", first=8001)
        text = self._named("account", _ACCOUNT, text, "{}", first=911122223333)
        text = _TIMES.sub("00:00:00", text)
        found: dict[str, Any] = json.loads(_DATES.sub(self._shifted, text))
        return found

    def _named(
        self, kind: str, pattern: re.Pattern[str], text: str, name: str, first: int = 1
    ) -> str:
        numbers = self._numbers.setdefault(kind, {})

        def replaced(found: re.Match[str]) -> str:
            value = found[0]
            if not is_known(value) or value in self._accounts:
                return value
            return name.format(first + numbers.setdefault(value, len(numbers)))

        return pattern.sub(replaced, text)

    def _shifted(self, found: re.Match[str]) -> str:
        """A day as far from TODAY as it was from the day of the recording; versions stay."""
        try:
            day = date.fromisoformat(found[0])
        except ValueError:
            return found[0]
        if abs((day - self._today).days) > 4 * 366:
            return found[0]
        return (day + (TODAY - self._today)).isoformat()


def _slim(recording: Mapping[str, Any]) -> dict[str, Any]:
    preview = dict(recording["preview"])
    preview.pop("duration", None)
    steps = enumerate(preview.get("steps") or [])
    ordered = sorted(steps, key=lambda one: (one[1]["urn"], one[0]))
    preview["steps"] = [_slim_step(step) for _, step in ordered]
    return {**recording, "preview": preview}


def _slim_step(step: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("op", "urn", "diffReasons", "replaceReasons")
    slim = {key: step[key] for key in kept if step.get(key)}
    for side in ("oldState", "newState"):
        if step.get(side):
            slim[side] = {key: step[side][key] for key in _STATE if key in step[side]}
            outputs = step[side].get("outputs") or {}
            slim[side]["outputs"] = {key: outputs[key] for key in _OUTPUTS if key in outputs}
    return slim


def context_data(context: Context) -> dict[str, Any]:
    """A context as JSON."""
    return {
        "accounts": {ident: asdict(label) for ident, label in context.accounts.items()},
        "principals": {
            f"{t}/{key}": asdict(identity) for (t, key), identity in context.principals.items()
        },
        "people": {f"{t}/{key}": count for (t, key), count in context.people.items()},
        "persons": dict(context.persons),
        "adminSets": sorted(context.admin_sets),
        "expired": {
            assignment.logical_name: day.isoformat() for assignment, day in context.expired.items()
        },
        "notes": list(context.notes),
    }


def read_context(data: Mapping[str, Any]) -> Context:
    """A context from JSON."""
    return Context(
        accounts={ident: AccountLabel(**label) for ident, label in data["accounts"].items()},
        principals={_key(key): Identity(**one) for key, one in data["principals"].items()},
        people={_key(key): count for key, count in data["people"].items()},
        persons=data["persons"],
        admin_sets=frozenset(data["adminSets"]),
        expired={
            Assignment.parse(assignment): date.fromisoformat(day)
            for assignment, day in data["expired"].items()
        },
        notes=tuple(data["notes"]),
    )


def _key(text: str) -> PrincipalKey:
    kind, _, key = text.partition("/")
    return PrincipalKey("USER" if kind == "USER" else "GROUP", key)


def write(recordings: Mapping[str, Any]) -> None:
    """Store recordings; what most of them share is stored once, with the unchanged preview."""
    PREVIEWS.mkdir(exist_ok=True)
    common = recordings[COMMON]
    for name, recording in recordings.items():
        stored = recording if name == COMMON else _without(recording, common)
        _write(PREVIEWS / f"{name}.json", stored)


def _without(recording: Mapping[str, Any], common: Mapping[str, Any]) -> dict[str, Any]:
    """What differs from the common recording, and which of its steps are absent."""
    steps, shared = recording["preview"]["steps"], common["preview"]["steps"]
    own = {step["urn"] for step in steps}
    context = {
        key: value for key, value in recording["context"].items() if value != common["context"][key]
    }
    preview = {**recording["preview"], "steps": [one for one in steps if one not in shared]}
    absent = [one["urn"] for one in shared if one["urn"] not in own]
    return {"context": context, "preview": preview, "absent": absent}


def _write(file: Path, recording: Mapping[str, Any]) -> None:
    """One step a line, so that two recordings compare well."""
    preview = dict(recording["preview"])
    steps = ",\n".join(
        json.dumps(one, ensure_ascii=False, sort_keys=True) for one in preview.pop("steps")
    )
    rest = {**recording, "preview": {**preview, "steps": ["STEPS"]}}
    text = json.dumps(rest, indent=1, ensure_ascii=False, sort_keys=True)
    file.write_text(text.replace('"STEPS"', steps) + "\n", encoding="utf-8")


def load(name: str) -> dict[str, Any]:
    """A whole recording: `preview` as the CLI printed it (but for what varies), and `context`."""
    stored = _stored(name)
    if name == COMMON:
        return stored
    common = _stored(COMMON)
    preview = stored["preview"]
    out = {*stored["absent"], *(step["urn"] for step in preview["steps"])}
    shared = [step for step in common["preview"]["steps"] if step["urn"] not in out]
    return {
        "context": {**common["context"], **stored["context"]},
        "preview": {**preview, "steps": [*shared, *preview["steps"]]},
    }


def _stored(name: str) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads((PREVIEWS / f"{name}.json").read_text(encoding="utf-8"))
    return stored


def read(name: str) -> AccessDiff:
    """The diff of a recorded preview."""
    recording = load(name)
    preview = parse_preview(recording["preview"])
    return access_diff(preview, read_context(recording["context"]), today=TODAY)
