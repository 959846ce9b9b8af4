"""From the entries of all files to one `Access`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from federation.access.declared import Access, Guards, QuotaLimits
from federation.core.source import Document


def build_access(loaded: Iterable[tuple[Access, Document]], files: Mapping[str, str]) -> Access:
    """Join the files, in any order: names are sorted, rules keep the order of their file."""
    parts = [
        entries.placed(document)
        for entries, document in sorted(loaded, key=lambda pair: pair[1].file)
    ]

    def joined(section: str) -> dict[str, Any]:
        entries = [pair for part in parts for pair in getattr(part, section).items()]
        return dict(sorted(dict(entries).items()))

    return Access(
        groups=joined("groups"),
        users=joined("users"),
        permission_sets=joined("permission_sets"),
        rules=tuple(rule for part in parts for rule in part.rules),
        guards=next((part.guards for part in parts if part.guards != Guards()), Guards()),
        quotas=next((part.quotas for part in parts if part.quotas != QuotaLimits()), QuotaLimits()),
        moved=joined("moved"),
        files=dict(sorted(files.items())),
    )
