"""One change of who may sign in, or of the trust."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from federation.access.assignments import PrincipalKey
from federation.core.wording import Sentence

Effect = Literal["opens", "more", "less", "interrupts", "changes"]


@dataclass(frozen=True, kw_only=True)
class TrustChange:
    """One change. `opens` lets in whom nobody named, or lets somebody do so; `more` lets somebody
    in, `less` keeps somebody out, `interrupts` makes something unavailable for a while or until a
    person has acted.

    `principal` is the group or person concerned, if any; its name goes before `sentence`.
    `persons` are Entra object ids; with `members` they come into the group, or leave it, and its
    access comes or goes with that.
    """

    effect: Effect
    sentence: Sentence
    principal: PrincipalKey | None = None
    persons: tuple[str, ...] = ()
    members: bool = False
