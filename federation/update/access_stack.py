"""A stack that owns rules and permission sets, while another one owns the federation.

Any number of access stacks read one federation stack. Each makes permission sets of its own and
their assignments; an assignment belongs to its permission set, so no two stacks can claim the same
one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, Field

from federation.access.assignments import PrincipalKey
from federation.access.declared import Access
from federation.core.domain import one_spelling
from federation.core.errors import InvalidInput, Problem
from federation.engine.checkpoint import Checkpoint
from federation.engine.phase import Phase
from federation.identity.principals import EntraPrincipal
from federation.update.plan import Facts, UpdateStoppedError
from federation.update.settings import NAMESPACE, ManagementAccess, Settings, StackSettings, load

KEY: Final = "federationStack"
# The output of a federation stack that access stacks read.
OUTPUT: Final = "federation"
_READY: Final = (Phase.PROVISIONING, Phase.ACCESS)


class _Center(BaseModel):
    model_config = Settings.model_config

    management_access: ManagementAccess | None = None


class AccessStackSettings(StackSettings):
    """The configuration of an access stack; everything else is the federation stack's."""

    federation_stack: Annotated[str, Field(pattern=r"^[\w.-]+(/[\w.-]+/[\w.-]+)?$")] = Field(
        description="The stack that owns the federation: its name, or organization/project/name."
    )
    identity_center: _Center = _Center()
    wait_minutes: float = Field(
        default=5, ge=0, le=60, description="How long an update waits for principals to arrive."
    )

    def reference(self, *, organization: str, project: str) -> str:
        """The full name of the federation stack, seen from a stack of this project."""
        name = self.federation_stack
        return name if "/" in name else f"{organization}/{project}/{name}"


def load_access_stack(
    values: Mapping[str, Any], *, file: str, content: bytes = b""
) -> AccessStackSettings:
    """Validate the configuration of an access stack. Raises InvalidInput with every problem."""
    return load(AccessStackSettings, values, file=file, content=content)


@dataclass(frozen=True, kw_only=True)
class FederationStack:
    """What a federation stack says about itself; `object_ids` are those it has assigned."""

    name: str
    instance_arn: str
    job_path: str
    object_ids: frozenset[str]

    @classmethod
    def read(cls, name: str, outputs: Mapping[str, Any]) -> Self:
        """From the stack's outputs. Raises UpdateStoppedError when it can't be built upon."""
        phase, shared = outputs.get("phase"), outputs.get(OUTPUT)
        if phase is None:
            raise UpdateStoppedError(
                f"{name} is no federation stack, or was never updated: correct {NAMESPACE}:{KEY}, "
                "or run pulumi up there first"
            )
        if phase not in _READY or not isinstance(shared, Mapping):
            raise UpdateStoppedError(
                f"the federation stack {name} is in phase {phase}: access stacks need its "
                "provisioning; run pulumi up there, and what its output nextSteps says"
            )
        return cls(
            name=name,
            instance_arn=str(shared["instanceArn"]),
            job_path=str(outputs["jobPath"]),
            object_ids=frozenset(one_spelling(str(ident)) for ident in shared["assigned"]),
        )


def check_access(access: Access, stack: str) -> None:
    """Raise InvalidInput for groups that only the federation stack can make."""
    problems = [
        Problem.at(
            group.location,
            f"an access stack makes no groups: let {stack} create {group.key}, and name it here.",
        )
        for group in access.groups.values()
        if group.create
    ]
    if problems:
        raise InvalidInput(problems)


def check_own_checkpoint(checkpoint: Checkpoint) -> None:
    """Raise UpdateStoppedError when this stack itself is one with a federation."""
    if checkpoint.object_ids or checkpoint.phase in (Phase.APP, Phase.TRUST, Phase.PROVISIONING):
        raise UpdateStoppedError(
            f"this stack owns a federation, which {NAMESPACE}:{KEY} would delete; use a new stack "
            "for the access, or remove the key"
        )


def check_sets(
    access: Access, own: Collection[str], existing: Iterable[tuple[str, str]], instance_arn: str
) -> None:
    """Raise InvalidInput for declared permission sets that exist and are not this stack's.

    `own` are the ARNs in its checkpoint, `existing` the (ARN, name) of the instance's sets.
    """
    theirs = {name: arn for arn, name in existing if arn not in own}
    problems = [
        Problem.at(
            permission_set.location,
            f"permission set {name} belongs to another stack, or was made by hand "
            f"({theirs[name].rpartition('/')[2]} of {instance_arn.rpartition('/')[2]}): its "
            "assignments are declared there; choose another name here.",
        )
        for name, permission_set in access.permission_sets.items()
        if name in theirs
    ]
    if problems:
        raise InvalidInput(problems)


def seen_through(stack: FederationStack, facts: Facts) -> Facts:
    """The facts of an access stack as a plan wants them: who is assigned is the other's to say.

    A principal that the federation stack does not assign can't arrive: its new assignments are
    held. What the keys of existing assignments meant is told by Identity Center, since no app-role
    assignment of this stack remembers it.
    """
    principals = {
        key: principal if principal.object_id in stack.object_ids else _unassigned(principal, stack)
        for key, principal in facts.principals.items()
    }
    external = {one.id: one.external_ids[0] for one in facts.identity_store if one.external_ids}
    object_ids: dict[PrincipalKey, str] = {
        key: principal.object_id
        for key, principal in principals.items()
        if principal.object_id and not principal.obstacle
    }
    # For a user, externalId is the mail nickname: only groups are known by it.
    object_ids |= {
        pin.assignment.principal: external[pin.principal_id]
        for pin in facts.checkpoint.assignments
        if pin.assignment.principal.type == "GROUP" and pin.principal_id in external
    }
    return replace(
        facts,
        principals=principals,
        checkpoint=replace(facts.checkpoint, object_ids=object_ids, provisioning=True),
    )


def _unassigned(principal: EntraPrincipal, stack: FederationStack) -> EntraPrincipal:
    reason = f"it is not assigned to the application: declare it in the access file of {stack.name}"
    return replace(principal, obstacle=principal.obstacle or reason)
