"""How a path finds what answers it, in both clouds: a route names its handler."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from werkzeug.routing import Map, Rule


@dataclass(frozen=True)
class Route:
    """One method of one path, variables as werkzeug writes them, such as `/groups/<group>`.

    An `unlocked` handler takes its cloud's lock itself: it is slow.
    """

    method: str
    path: str
    handler: Callable[..., Any]
    unlocked: bool = False

    @property
    def operation(self) -> str:
        """Its name, such as `GET /groups/<group>`."""
        return f"{self.method} {self.path}"


def url_map(routes: Iterable[Route]) -> Map:
    """The werkzeug map of these routes; each endpoint is the Route itself."""
    rules: list[Any] = [Rule(r.path, endpoint=r, methods=[r.method]) for r in routes]
    return Map(rules, strict_slashes=False, merge_slashes=False)
