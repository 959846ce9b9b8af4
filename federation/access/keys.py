"""Keys of an access file made from names that people gave: readable, legal, and unique."""

from __future__ import annotations

import re
import unicodedata

from federation.core.domain import KEY


class Names:
    """Hands out keys; no two differ by upper and lower case only, as file systems may."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def key(self, text: str, *, otherwise: str) -> str:
        """A key (`Key` in federation/core/domain.py) for a text, the same for the same history.

        Letters lose their accents and what no key holds becomes a hyphen; `otherwise`, a key
        itself, serves where nothing is left. A key that is taken gets a number.
        """
        wanted = _slug(text) or otherwise
        key, number = wanted, 1
        while key.casefold() in self._taken:
            number += 1
            end = f"-{number}"
            key = wanted[: KEY.longest - len(end)] + end
        self._taken.add(key.casefold())
        return key


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    hyphened = re.sub(r"[^a-z0-9._@+=,-]+", "-", plain)
    return re.sub(r"^[^a-z0-9]+", "", hyphened)[: KEY.longest].rstrip("-")
