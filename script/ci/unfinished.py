"""`unfinished.py FILE CHECK`: what one check of `python -m ops doctor --json` found, a line each.

`repairs` is what the clouds lack of the last update, `unmanaged` what was granted by hand. Exits
with 1, and what stands in the way, when that can't be told.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(file: str, check: str) -> int:
    """Print what the check found, as the file has it."""
    findings = json.loads(Path(file).read_text(encoding="utf-8"))["findings"]
    told = [one for one in findings if one["check"] == check]
    if not any(one["level"] != "note" for one in told):
        problems = [one for one in findings if one["level"] == "problem"]
        print("\n".join(one["text"] for one in told or problems), file=sys.stderr)
        return 1
    for one in told:
        if one["level"] == "problem":
            print(f"    {one['text']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
