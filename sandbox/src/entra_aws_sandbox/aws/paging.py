"""Pages of list operations: opaque tokens that hold the place where the next page begins."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from entra_aws_sandbox.aws.errors import AwsError, invalid

Item = TypeVar("Item")


def page_of(
    items: Sequence[Item], token: str | None, size: int, refusal: AwsError | None = None
) -> tuple[Sequence[Item], str | None]:
    """One page of `size` items and the token of the next, or None on the last page.

    Raises `refusal` (a ValidationException by default) for a token not given by this function.
    """
    start = _place(token, refusal) if token else 0
    end = start + size
    following = base64.urlsafe_b64encode(f"place:{end}".encode()).decode()
    return items[start:end], following if end < len(items) else None


def listed(
    name: str,
    items: Sequence[Item],
    body: Mapping[str, Any],
    *,
    size: int,
    shown: Callable[[Item], Any] = lambda item: item,
    refusal: AwsError | None = None,
) -> dict[str, Any]:
    """The answer of a List… operation: the page that `body` asks for, of `size` by default."""
    page, token = page_of(items, body.get("NextToken"), body.get("MaxResults", size), refusal)
    answer: dict[str, Any] = {name: [shown(item) for item in page]}
    return {**answer, "NextToken": token} if token else answer


def _place(token: str, refusal: AwsError | None) -> int:
    try:
        name, _, number = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        if name == "place":
            return int(number)
    except ValueError:
        pass
    raise refusal or invalid("The provided NextToken is not valid.")
