"""Makes repairs in the clouds, each by itself: one that fails keeps none of the others away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from clouds.aws import AwsError
from clouds.entra import EntraError
from federation.engine.repairs import Repair


def carry_out(
    repairs: Iterable[Repair], makers: Mapping[str, Callable[[Any], None]]
) -> tuple[str, ...]:
    """Make each repair with the maker of its kind; a sentence for each that failed.

    A maker takes a repair of its kind and raises AwsError or EntraError with a sentence that names
    the object.
    """
    failures = []
    for repair in repairs:
        try:
            makers[repair.kind](repair)
        except (AwsError, EntraError) as error:
            failures.append(str(error))
    return tuple(failures)
