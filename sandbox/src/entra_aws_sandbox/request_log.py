"""The request log: one JSON line a request, without headers, bodies or query strings."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_FORM = "application/x-www-form-urlencoded"
_IDS = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?<=/)[A-Za-z0-9_.~=-]{30,}"
)


class RequestLog:
    """Writes ``requests.jsonl`` afresh for each sandbox; safe for many threads."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", buffering=1)
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def watch(self, cloud: str, app: WSGIApplication) -> WSGIApplication:
        """The same application, each of its requests logged under the cloud's name."""

        def logged(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            started = time.perf_counter()
            request = {"cloud": cloud, "method": environ["REQUEST_METHOD"], **_operation(environ)}

            def answered(status: str, headers: Any, exc_info: Any = None) -> Callable[..., object]:
                request["status"] = int(status.split(" ", 1)[0])
                return start_response(status, headers, exc_info)

            try:
                answer = app(environ, answered)
                yield from answer
                if hasattr(answer, "close"):
                    answer.close()
            finally:
                # Also where an application plays a lost answer: there is no status then.
                request["ms"] = round((time.perf_counter() - started) * 1000, 1)
                self._write(request)

        return logged

    def _write(self, request: dict[str, Any]) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._lock:
            if not self._file.closed:
                self._file.write(json.dumps({"time": now, **request}) + "\n")


def _operation(environ: WSGIEnvironment) -> dict[str, str]:
    """The path, and for AWS's RPC protocols the operation, which is all that their path hides."""
    path = {"path": str(environ.get("PATH_INFO", ""))}
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return path | {"operation": str(target)}
    if environ["REQUEST_METHOD"] == "POST" and environ.get("CONTENT_TYPE", "").startswith(_FORM):
        body = environ["wsgi.input"].read()
        environ["wsgi.input"].seek(0)
        action = parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0]
        if action.isalnum():
            return path | {"operation": action}
    return path


def counts(path: Path) -> Counter[str]:
    """How often each operation was called: ``"aws CreateAccountAssignment"`` → 31."""
    counted: Counter[str] = Counter()
    for line in path.read_text().splitlines():
        request = json.loads(line)
        operation = request.get("operation", "").rpartition(".")[2]
        path_or_operation = operation or f"{request['method']} {_IDS.sub('*', request['path'])}"
        counted[f"{request['cloud']} {path_or_operation}"] += 1
    return counted


def as_line(request: dict[str, Any]) -> str:
    """One request as a person reads it."""
    what = request.get("operation") or f"{request['method']} {request['path']}"
    return (
        f"{request['time'][11:23]}  {request['cloud']:<5}  {request.get('status', '---')}  "
        f"{request['ms']:>7.1f} ms  {what}"
    )
