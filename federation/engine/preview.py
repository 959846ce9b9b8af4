"""What `pulumi preview --json` says: the engine's own steps and diagnostics.

Source: pulumi/pulumi, pkg/display/json.go (PreviewDigest, PreviewStep). A failed preview is a
digest too: it holds the stack and the error diagnostics.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from federation.access.assignments import PrincipalKey
from federation.core.domain import one_spelling
from federation.core.errors import InvalidInput, Problem
from federation.core.urn import HOLDS, REPAIRS, STACK, UNMANAGED, Urn
from federation.engine.checkpoint import HOLDERS
from federation.engine.repairs import Repair, RepairLog
from federation.engine.unmanaged import NOTHING, Report
from federation.identity.holds import Hold

# pulumi/pulumi, sdk/go/common/resource/plugin/rpc.go: what stands for a value that is not known
# before the update.
_UNKNOWN: Final = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
# pulumi/pulumi, step.go: the physical halves of a replacement; `replace` stands for both.
_HALVES: Final = frozenset(
    {
        *("create-replacement", "delete-replaced", "import-replacement", "read-replacement"),
        *("discard-replaced", "remove-pending-replace"),
    }
)
_KNOWN_OPS: Final = _HALVES | frozenset(
    {"same", "create", "update", "delete", "replace", "read", "refresh", "discard", "import"}
)


# The output of the component DesiredState that keeps what the next access diff compares with.
ACCOUNTS: Final = "accounts"


def is_known(value: Any) -> bool:
    """Whether a preview already knows this value."""
    return not (isinstance(value, str) and value in _UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class State:
    """A resource before or after the update; outputs are those of the checkpoint."""

    urn: str
    inputs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    outputs: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The logical name."""
        return Urn.parse(self.urn).name


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the engine; `before` is None for a new resource, `after` for a deleted one.

    `gap` is True when a replaced resource is deleted before the new one is made.
    """

    op: str
    urn: str
    before: State | None
    after: State | None
    reasons: tuple[str, ...] = ()
    gap: bool = False

    @property
    def kind(self) -> str:
        """The resource type without package and module, `AccountAssignment`."""
        return Urn.parse(self.urn).kind

    @property
    def type(self) -> str:
        """The resource type, `aws:ssoadmin/accountAssignment:AccountAssignment`."""
        return Urn.parse(self.urn).type

    @property
    def name(self) -> str:
        """The logical name, the new one of a renamed resource."""
        return Urn.parse(self.urn).name

    @property
    def changes(self) -> bool:
        """Whether the step changes something in a cloud."""
        return self.op not in ("same", "read", "refresh") and not self.type.startswith(
            ("federation:", "pulumi:pulumi:")
        )


@dataclass(frozen=True, kw_only=True)
class Diagnostic:
    """A warning or error of the preview; `urn` is "" when it concerns no resource."""

    severity: str
    message: str
    urn: str = ""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """One preview. `complete` says that unchanged resources are among the steps (--show-sames).

    `outputs` are the stack's outputs as of its last update: a preview does not hold the new ones.
    `repairs` are those that the update would make, `holds` what it can't make yet, `unmanaged` is
    what was granted by hand.
    """

    stack: str
    steps: tuple[Step, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    configuration: Mapping[str, Any] = field(default_factory=dict, repr=False)
    outputs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    complete: bool = True
    repairs: tuple[Repair, ...] = ()
    holds: tuple[Hold, ...] = ()
    unmanaged: Report = NOTHING

    @property
    def known_accounts(self) -> Mapping[str, str]:
        """The path of each account by id, as the last update has found them."""
        found = self.component("DesiredState").get(ACCOUNTS)
        return found if isinstance(found, Mapping) else {}

    @property
    def records(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """What the last update has recorded for this review, and what this one records; empty
        where there is none (federation/update/review_record.py).
        """
        for step in self.of_kind("DesiredState"):
            before, after = (
                state.inputs.get("record") or {} if state else {}
                for state in (step.before, step.after)
            )
            # Another version of the program records something else.
            return (before if before.keys() == after.keys() else {}), after
        return {}, {}

    def component(self, kind: str) -> Mapping[str, Any]:
        """The outputs that a component of this program kept at the last update."""
        for step in self.of_kind(kind):
            if step.type.startswith("federation:") and step.before is not None:
                return step.before.outputs
        return {}

    @property
    def desired_state(self) -> Mapping[str, Any]:
        """The fingerprint of what the update is to make (federation/update/desired_state.py)."""
        for step in self.of_kind("DesiredState"):
            if step.after is not None:
                return step.after.inputs
        return {}

    @property
    def object_ids(self) -> dict[PrincipalKey, str]:
        """Entra object ids of all principals, as far as they are known before the update.

        Those of the update itself; of principals that leave, those that the last one knew.
        """
        left = self.component("AccountAssignments").get(HOLDERS)
        ids = dict(left) if isinstance(left, Mapping) else {}
        for step in self.of_kind("AppRoleAssignment"):
            for state in (step.before, step.after):
                if state:
                    ids[state.name] = state.inputs.get("principalObjectId")
        declared = self.desired_state.get("principals")
        if isinstance(declared, Mapping):
            ids |= {name: one for name, one in declared.items() if not one.startswith("own:")}
        found = {
            PrincipalKey.parse(name): one_spelling(str(one))
            for name, one in ids.items()
            if is_known(one)
        }
        return {key: ident for key, ident in found.items() if key and ident}

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """What stopped the preview."""
        return tuple(one for one in self.diagnostics if one.severity == "error")

    def of_kind(self, *kinds: str) -> Iterator[Step]:
        """The steps about resources of these kinds."""
        return (step for step in self.steps if step.kind in kinds)


def parse_preview(data: Any, *, file: str = "") -> Preview:
    """A preview from the JSON of `pulumi preview --json`. Raises InvalidInput for anything else."""
    if not isinstance(data, Mapping) or not isinstance(data.get("steps") or [], list):
        raise InvalidInput(
            [
                Problem(
                    file=file,
                    message="this is not what `pulumi preview --json --show-sames` prints: a "
                    "mapping with steps.",
                )
            ]
        )
    try:
        preview = _preview(data)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError):
        raise InvalidInput(
            [
                Problem(
                    file=file,
                    message="this preview has steps in a form that is not known; was it written by "
                    "another version of Pulumi?",
                )
            ]
        ) from None
    if not preview.steps and not preview.errors:
        message = "this preview holds no steps at all, not even the stack's own: it did not run."
        raise InvalidInput([Problem(file=file, message=message)])
    return preview


def _preview(data: Mapping[str, Any]) -> Preview:
    entries = data.get("steps") or []
    order = [(entry["op"], entry["urn"]) for entry in entries]
    position = {one: index for index, one in enumerate(order)}
    steps = tuple(_step(entry, position) for entry in entries if entry["op"] not in _HALVES)
    root: Mapping[str, Any] = next((entry for entry in entries if STACK in entry["urn"]), {})
    summary = data.get("changeSummary") or {}
    same = sum(op == "same" for op, _ in order)
    return Preview(
        stack=Urn.parse(root["urn"]).stack if root else "",
        steps=steps,
        diagnostics=tuple(
            Diagnostic(
                severity=one["severity"].removesuffix("#err"),
                message=_message(one),
                urn=one.get("urn") or "",
            )
            for one in data.get("diagnostics") or []
        ),
        configuration=data.get("config") or {},
        outputs=(root.get("oldState") or {}).get("outputs") or {},
        complete=same >= summary.get("same", 0),
        repairs=_repairs(steps),
        holds=_holds(steps),
        unmanaged=_unmanaged(steps),
    )


def _repairs(steps: Iterable[Step]) -> tuple[Repair, ...]:
    """What the component Repairs is given; unchanged, it has those of an update before."""
    for step in steps:
        if step.type == REPAIRS and step.op in ("create", "update") and step.after:
            return RepairLog.from_dict(step.after.inputs).repairs
    return ()


def _holds(steps: Iterable[Step]) -> tuple[Hold, ...]:
    """What the component Holds is given; it exists only while there is something."""
    for step in steps:
        if step.type == HOLDS and step.after:
            return tuple(map(Hold.from_dict, step.after.inputs["holds"]))
    return ()


def _unmanaged(steps: Iterable[Step]) -> Report:
    """What the component Unmanaged is given; it exists only while there is something."""
    for step in steps:
        if step.type == UNMANAGED and step.after:
            return Report.from_dict(step.after.inputs)
    return NOTHING


def _message(entry: Mapping[str, Any]) -> str:
    message = str(entry["message"]).strip()
    return message.removeprefix(f"{entry['severity']}: ")


def _step(entry: Mapping[str, Any], position: Mapping[tuple[str, str], int]) -> Step:
    op, urn = entry["op"], entry["urn"]
    if op not in _KNOWN_OPS or urn.count("::") < 3:
        raise KeyError(op)
    deleted = position.get(("delete-replaced", urn))
    created = position.get(("create-replacement", urn))
    return Step(
        op=op,
        urn=urn,
        before=None if op in ("create", "import") else _state(entry.get("oldState")),
        after=None if op in ("delete", "discard") else _state(entry.get("newState")),
        reasons=tuple(entry.get("replaceReasons") or entry.get("diffReasons") or ()),
        gap=deleted is not None and created is not None and deleted < created,
    )


def _state(entry: Mapping[str, Any] | None) -> State | None:
    if entry is None:
        return None
    return State(
        urn=entry["urn"], inputs=entry.get("inputs") or {}, outputs=entry.get("outputs") or {}
    )
