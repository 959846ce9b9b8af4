"""What the clouds lack of the last update, of `python -m ops doctor --json`: a line each.

Exits with 1, and what stands in the way, when that can't be told.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

CHECK = "repairs"


def main(file: str) -> int:
    """Print what is to be repaired, as the file has it."""
    findings = json.loads(Path(file).read_text(encoding="utf-8"))["findings"]
    told = [one for one in findings if one["check"] == CHECK]
    if not any(one["level"] != "note" for one in told):
        problems = [one for one in findings if one["level"] == "problem"]
        print("\n".join(one["text"] for one in told or problems), file=sys.stderr)
        return 1
    for one in told:
        if one["level"] == "problem":
            print(f"    {one['text']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
