"""Load access files that tests hold as data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from federation.access.access import load_access
from federation.access.declared import Access
from federation.access.organization import Organization

COMPANY = Path(__file__).parent / "organization.json"


def load(*files: Mapping[str, Any], **named: Mapping[str, Any]) -> Access:
    """Write files (JSON is YAML) and load them together; unnamed ones are `access.yaml`."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        names = {**{f"access{n or ''}.yaml": data for n, data in enumerate(files)}}
        names.update({f"{name}.yaml": data for name, data in named.items()})
        for name, data in names.items():
            (root / name).write_text(
                json.dumps(data, ensure_ascii=False, default=str), encoding="utf-8"
            )
        return load_access(list(names), root=root)


def load_text(text: str) -> Access:
    """Load the text of one access file."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "access.yaml").write_text(text, encoding="utf-8")
        return load_access(["access.yaml"], root=Path(folder))


def company() -> Organization:
    """The fictional company of the sandbox: 13 accounts, one of them suspended."""
    return Organization.from_dict(json.loads(COMPANY.read_bytes()))
