"""The fingerprint of what this update is to make, where every preview shows it."""

from __future__ import annotations

import os
from collections.abc import Mapping

import pulumi

from federation.engine.preview import ACCOUNTS
from federation.update import desired_state as model


class DesiredState(pulumi.ComponentResource):
    """What was last applied, as digests and object ids (federation/update/desired_state.py).

    **Pulumi type:** `federation:index:DesiredState`. Makes no resources. A preview's JSON holds the
    hash among its inputs: the access diff shows it, and `up` is held to it. No names: a group that
    Entra renames changes nothing here.

    `accounts` are the paths of all accounts by id, for the next access diff. They are an output:
    an account that moves makes no update another one.
    """

    def __init__(
        self,
        name: str,
        state: model.DesiredState,
        accounts: Mapping[str, str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("federation:index:DesiredState", name, state.to_dict(), opts)
        # Here, not among the stack's outputs, which every update prints.
        self.register_outputs({**state.to_dict(), ACCOUNTS: dict(accounts)})


def check_reviewed(state: model.DesiredState, *, required: bool) -> None:
    """In `up`, hold this update to the reviewed hash of the environment.

    Raises NotReviewedError. Must come before the first registration.
    """
    if not pulumi.runtime.is_dry_run():
        reviewed = os.environ.get(model.REVIEWED_VARIABLE, "")
        model.check_reviewed(state, reviewed=reviewed, required=required)
