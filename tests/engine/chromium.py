"""A person's real browser: headless Chromium, driven through the DevTools protocol on a pipe.

Source: chromedevtools.github.io/devtools-protocol; with --remote-debugging-pipe Chromium reads
messages from file descriptor 3 and writes to 4, each a JSON text that ends with a zero byte.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

_SECONDS = 30.0
_FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1000,800",
    # Nothing but loopback is reachable: a page that needed more would not work.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
# Puts two file descriptors where Chromium looks for them, and becomes Chromium.
_ON_3_AND_4 = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
for end, place in zip(ends, (3, 4)):
    os.dup2(end, place)
os.execv(sys.argv[3], sys.argv[3:])
"""
_KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), "Escape": (27, "")}


def installed() -> str | None:
    """Where Chromium is, None if there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Chromium:
    """One browser with one page, on a profile of its own."""

    def __init__(self, profile: Path) -> None:
        to_browser, self._in = os.pipe()
        self._out, from_browser = os.pipe()
        # Chromium's own sandbox needs rights that root in a container lacks.
        flags = [*_FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        # Its socket lies in there: the path has to be short, so not a test's own folder.
        self._temporary = TemporaryDirectory(ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-c", _ON_3_AND_4, str(to_browser), str(from_browser)),
                *(installed() or "chromium", *flags, f"--user-data-dir={profile}", "about:blank"),
            ],
            env=os.environ | {"TMPDIR": self._temporary.name},
            pass_fds=(to_browser, from_browser),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._buffer = b""
        self._next = 0
        self._session = ""

    def __enter__(self) -> Self:
        targets = self._call("Target.getTargets")["targetInfos"]
        page = next(each["targetId"] for each in targets if each["type"] == "page")
        attached = self._call("Target.attachToTarget", targetId=page, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Accessibility"):
            self._call(f"{domain}.enable")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._in)
        self._process.terminate()
        try:
            self._process.wait(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._out)
        self._temporary.cleanup()

    def open(self, url: str) -> None:
        """Type an address."""
        self._call("Page.navigate", url=url)

    def wait_for(self, heading: str) -> None:
        """Wait until the page with this main heading is there."""
        self.wait_until(lambda: self.heading == heading, f"no page with the heading {heading!r}")

    @property
    def heading(self) -> str:
        """The page's main heading, empty while there is none."""
        found = self.ask(
            "document.readyState == 'complete' && document.querySelector('h1')?.innerText || ''"
        )
        return str(found)

    def ask(self, expression: str) -> Any:
        """The value of an expression in the page; None while one page follows another."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer.get("result", {}).get("value")

    def press(self, key: str) -> None:
        """Press a key such as `Tab`."""
        code, text = _KEYS[key]
        about = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        kind = "keyDown" if text else "rawKeyDown"
        self._call("Input.dispatchKeyEvent", type=kind, text=text, **about)
        self._call("Input.dispatchKeyEvent", type="keyUp", **about)

    def write(self, text: str) -> None:
        """Type a text, key by key."""
        for letter in text:
            self._call("Input.dispatchKeyEvent", type="char", text=letter)

    def tab_stops(self) -> list[str]:
        """What the keyboard reaches, in order, from the top of the page: by accessible name."""
        # Focus on the whole page, without making it a stop, is where the way begins.
        self.ask("document.body.tabIndex = -1; document.body.focus()")
        self.ask("document.body.removeAttribute('tabindex')")
        stops: list[str] = []
        for _ in range(20):
            self.press("Tab")
            stop = self.focused
            if stop is None or stop.name in stops:
                break
            stops.append(stop.name)
        return stops

    def tab_to(self, name: str) -> None:
        """Press Tab until the focus is on what has this accessible name."""
        for _ in range(20):
            focused = self.focused
            if focused is not None and focused.name == name:
                return
            self.press("Tab")
        raise AssertionError(f"the keyboard does not reach {name!r}")

    @property
    def focused(self) -> Node | None:
        """What has the focus, None where nothing of the page has it."""
        return next((node for node in self.tree() if node.focused), None)

    def tree(self) -> list[Node]:
        """The page as a screen reader gets it; what is left out for it is left out here."""
        nodes = self._call("Accessibility.getFullAXTree").get("nodes", [])
        return [_node(node) for node in nodes if not node.get("ignored")]

    def overflows(self, width: int) -> bool:
        """Whether a window of this width would have to be scrolled sideways."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=800,
            deviceScaleFactor=1,
            mobile=False,
        )
        wider = self.ask(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
        self._call("Emulation.clearDeviceMetricsOverride")
        return bool(wider)

    def picture(self, file: Path) -> None:
        """Write a picture of the page."""
        shot = self._call("Page.captureScreenshot", format="png")
        file.write_bytes(base64.b64decode(shot["data"]))

    def wait_until(self, fact: Callable[[], bool], otherwise: str) -> None:
        """Wait for a fact, bounded; `otherwise` says what is missing if it does not come."""
        deadline = time.monotonic() + _SECONDS
        while not fact():
            assert time.monotonic() < deadline, f"{otherwise}; it is {self.heading!r}"
            time.sleep(0.05)

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        self._next += 1
        message: dict[str, Any] = {"id": self._next, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._in, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._next:
                result: dict[str, Any] = answer.get("result", {})
                return result

    def _read(self) -> dict[str, Any]:
        deadline = time.monotonic() + _SECONDS
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._out], [], [], deadline - time.monotonic())
            assert ready, "Chromium does not answer"
            part = os.read(self._out, 1 << 16)
            assert part, "Chromium has ended"
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b"\0")
        parsed: dict[str, Any] = json.loads(message)
        return parsed


@dataclass(frozen=True)
class Node:
    """One node of the accessibility tree."""

    role: str
    name: str
    description: str
    focused: bool
    level: int | None


def _node(raw: dict[str, Any]) -> Node:
    properties = {each["name"]: each["value"].get("value") for each in raw.get("properties", ())}
    return Node(
        role=raw.get("role", {}).get("value", ""),
        name=raw.get("name", {}).get("value", ""),
        description=raw.get("description", {}).get("value", ""),
        focused=bool(properties.get("focused")) and raw["role"]["value"] != "RootWebArea",
        level=properties.get("level"),
    )
