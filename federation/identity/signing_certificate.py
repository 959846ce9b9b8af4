"""How a token-signing certificate carries its name in Entra, and how it is read back."""

from __future__ import annotations

import re
from typing import Final

_SUBJECT: Final = "CN=AWS IAM Identity Center "
# What the stack's configuration takes for a name (federation/update/settings.py).
_LABEL: Final = re.compile(re.escape(_SUBJECT) + r"(?P<label>[A-Za-z0-9-]{1,32})")


def subject(label: str) -> str:
    """The certificate's subject, which is the resource's display name."""
    return f"{_SUBJECT}{label}"


def label_of(display_name: object, *, otherwise: str) -> str:
    """The name that `subject` was given; `otherwise` for a certificate that this program names not.

    A resource's logical name says it as well, but depends on the version that made the resource.
    """
    found = _LABEL.fullmatch(display_name) if isinstance(display_name, str) else None
    return found["label"] if found else otherwise
