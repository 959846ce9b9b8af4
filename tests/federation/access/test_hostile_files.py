"""Access files that were written to keep the loader busy for ever."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from federation.access.access import load_access
from federation.core.errors import InvalidInput


def test_a_bomb_of_yaml_aliases_is_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 40)
    ]
    (tmp_path / "access.yaml").write_text("\n".join(lines))
    began = time.monotonic()
    with pytest.raises(InvalidInput, match="aliases are not used"):
        load_access(["access.yaml"], root=tmp_path)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/full", "/proc/self/mem", "/dev/stdin"])
def test_an_access_file_that_never_ends_is_refused(tmp_path: Path, path: str) -> None:
    began = time.monotonic()
    with pytest.raises(InvalidInput):
        load_access([path], root=tmp_path)
    assert time.monotonic() - began < 5
