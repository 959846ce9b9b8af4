"""Copies of a cloud's state, kept in the memory of the sandbox: taken once, put back at will."""

from __future__ import annotations

import io
import pickle
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from types import FunctionType
from typing import Any

_LOCKS: dict[type, Any] = {
    type(threading.Lock()): threading.Lock,
    type(threading.RLock()): threading.RLock,
}


@dataclass(frozen=True)
class Frozen:
    """A copy of some state; nothing that happens later changes it."""

    content: bytes
    kept: dict[int, Any]


def freeze(state: Any, *, keep: Iterable[Any] = ()) -> Frozen:
    """Copy a graph of plain objects.

    `keep` are objects that the copy shares with the original, a clock for example; functions are
    shared too, and locks are made anew.
    """
    buffer = io.BytesIO()
    pickler = _Pickler(buffer, keep)
    pickler.dump(state)
    return Frozen(buffer.getvalue(), pickler.kept)


def thaw(frozen: Frozen) -> Any:
    """A fresh copy of what was frozen, as often as asked for."""
    return _Unpickler(frozen).load()


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, keep: Iterable[Any]) -> None:
        super().__init__(file)
        self.kept = {id(each): each for each in keep}

    def persistent_id(self, obj: Any) -> int | None:
        if isinstance(obj, FunctionType) or type(obj) in _LOCKS:
            self.kept[id(obj)] = obj
        return id(obj) if id(obj) in self.kept else None


class _Unpickler(pickle.Unpickler):
    def __init__(self, frozen: Frozen) -> None:
        super().__init__(io.BytesIO(frozen.content))
        self._kept = {
            ident: _LOCKS[type(each)]() if type(each) in _LOCKS else each
            for ident, each in frozen.kept.items()
        }

    def persistent_load(self, pid: int) -> Any:
        return self._kept[pid]
