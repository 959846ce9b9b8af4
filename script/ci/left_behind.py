"""The proof of a teardown, from Entra itself: `left_behind.py NAME` fails while NAME is there."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from clouds.entra import EntraError
from clouds.graph import Graph


def main(name: str) -> str | None:
    """What is wrong, None when no application and no service principal has that name."""
    quoted = name.replace("'", "''")
    try:
        graph = Graph.connect({})
        found = [
            f"{kind.removesuffix('s')} {one['id']}"
            for kind in ("applications", "servicePrincipals")
            for one in graph.call("GET", f"/{kind}?$filter=displayName eq '{quoted}'&$select=id")[
                "value"
            ]
        ]
    except EntraError as error:
        return f"Entra can't be asked for {name!r}: {error}"
    return f"{name!r} is still in Entra: {', '.join(found)}" if found else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
