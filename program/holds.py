"""Declared assignments that can't exist yet, where every preview shows them."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from federation.core.urn import HOLDS
from federation.identity.holds import Hold


class Holds(pulumi.ComponentResource):
    """The holds of this update (federation/identity/holds.py), as data and as warnings.

    **Pulumi type:** `federation:index:Holds`. Makes no resources, and exists only while there is a
    hold. A preview names those that it knows; `up` those that are left after its wait.
    """

    def __init__(
        self, name: str, held: Sequence[Hold], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        data = {"holds": [one.to_dict() for one in held]}
        super().__init__(HOLDS, name, data, opts)
        for one in held:
            pulumi.log.warn(one.sentence(), self)
        self.register_outputs(data)


def register_holds(held: pulumi.Output[Sequence[Hold]]) -> pulumi.Output[list[dict[str, object]]]:
    """Register the holds, nothing where there is none; the stack output `held`."""

    def register(found: Sequence[Hold]) -> list[dict[str, object]]:
        if found:
            Holds("holds", found)
        return [one.to_dict() for one in found]

    return held.apply(register)
