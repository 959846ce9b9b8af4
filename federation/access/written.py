"""An `Access` as the text of an access file, as a person would write it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml

from federation.access.declared import Access
from federation.core.entry import plain_data
from federation.core.source import plain

_WIDTH: Final = 100
_TEXT: Final = "tag:yaml.org,2002:str"


def access_file(access: Access) -> str:
    """One access file that declares everything: loading its text gives the same `Access`.

    Keys stand in the order of the schema, names and rules in that of the `Access`; what is as by
    default stays away. `guards.scopes` name other files, so they load only beside these.
    """
    sections: Mapping[str, Any] = plain_data(access)
    return "\n".join(_text({name: section}) for name, section in sections.items()) or "rules: []\n"


class _Dumper(yaml.SafeDumper):
    """Lists indented below their key, no anchors, and quotes around all that reads as no text."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - PyYAML's signature
        super().increase_indent(flow, False)

    def choose_scalar_style(self) -> str:
        style: str = super().choose_scalar_style()
        event: Any = self.event
        text = event.value
        unclear = event.tag == _TEXT and style == "" and plain(text) != text
        return '"' if style == "'" or unclear else style

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _text(data: Any) -> str:
    made: str = yaml.dump(
        data,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=_WIDTH,
    )
    return made
