"""A GitHub of one's own: `gh api` on a JSON file, as far as the scripts in script/ci ask it.

GitHub itself can't be here; what the scripts send and how they take answers can.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from demo.checkout import REPOSITORY

BOT = "github-actions[bot]"
NAME = "example/federation"
_SCRIPT = """\
#!/bin/sh
PYTHONPATH={repository} exec {python} -m tests.workflows.hub {store} "$@"
"""


@dataclass(frozen=True)
class Hub:
    """A repository at GitHub, kept in a file; `environment` puts its `gh` on PATH."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> Hub:
        """An empty repository."""
        hub = cls(folder)
        (folder / "bin").mkdir(parents=True)
        hub.write({"comments": {}, "issues": [], "pulls": [], "deployments": []})
        gh = folder / "bin" / "gh"
        gh.write_text(_SCRIPT.format(repository=REPOSITORY, python=sys.executable, store=hub.store))
        gh.chmod(0o755)
        return hub

    @property
    def store(self) -> Path:
        return self.folder / "hub.json"

    def read(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.store.read_text())
        return content

    def write(self, content: Mapping[str, Any]) -> None:
        self.store.write_text(json.dumps(content))

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a workflow's step."""
        return {
            **os.environ,
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "GITHUB_REPOSITORY": NAME,
            "PYTHON": sys.executable,
            **more,
        }


def run_script(
    name: str, *arguments: str, environment: Mapping[str, str], cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a script of script/ci, as a workflow's step does."""
    return subprocess.run(
        [str(REPOSITORY / "script" / "ci" / name), *arguments],
        env=dict(environment),
        cwd=cwd or REPOSITORY,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def _answer(content: dict[str, Any], method: str, url: str, body: dict[str, str]) -> Any:
    parts = urlsplit(url)
    path = parts.path.removeprefix(f"repos/{NAME}/").split("/")
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    found = _read(content, path, query) if method == "GET" else _write(content, method, path, body)
    if found is None:
        raise SystemExit(f"gh: Not Found (HTTP 404): {method} {url}")
    return found


def _read(content: dict[str, Any], path: list[str], query: dict[str, str]) -> Any:
    found: Any = None
    match path:
        case ["issues", number, "comments"]:
            found = content["comments"].get(number, [])
        case ["issues"]:
            wanted = query["state"], query["creator"].replace("app/github-actions", BOT)
            found = [o for o in content["issues"] if (o["state"], o["user"]["login"]) == wanted]
        case ["pulls", number]:
            found = next((one for one in content["pulls"] if str(one["number"]) == number), None)
        case ["commits", _, "pulls"]:
            found = content["pulls"]
        case ["deployments"]:
            every = content["deployments"]
            found = [one for one in every if one["environment"] == query["environment"]]
        case ["deployments", ident, "statuses"]:
            found = next(o["statuses"] for o in content["deployments"] if str(o["id"]) == ident)
    return found


def _write(content: dict[str, Any], method: str, path: list[str], body: dict[str, str]) -> Any:
    found: Any = None
    match [method, *path]:
        case ["POST", "issues", number, "comments"]:
            found = {"id": _next(content), "user": {"login": BOT}, **body}
            content["comments"].setdefault(number, []).append(found)
        case ["PATCH", "issues", "comments", ident]:
            every = [one for comments in content["comments"].values() for one in comments]
            found = _change(every, "id", ident, body)
        case ["POST", "issues"]:
            found = {"number": _next(content), "state": "open", "user": {"login": BOT}, **body}
            content["issues"].append(found)
        case ["PATCH", "issues", number]:
            found = _change(content["issues"], "number", number, body)
    return found


def _next(content: dict[str, Any]) -> int:
    content["last"] = int(content.get("last", 100)) + 1
    return int(content["last"])


def _change(among: list[dict[str, Any]], key: str, value: str, body: dict[str, str]) -> Any:
    (found,) = [one for one in among if str(one[key]) == value]
    found.update(body)
    return found


def main(store: str, arguments: list[str]) -> None:
    """`gh api [--paginate] [--method M] PATH [-f key=value] [-F key=@file]`."""
    hub = Hub(Path(store).parent)
    command, *words = arguments
    assert command == "api", arguments
    method, body, url = "GET", {}, ""
    while words:
        word = words.pop(0)
        if word == "--method":
            method = words.pop(0)
        elif word in ("-f", "-F"):
            key, _, value = words.pop(0).partition("=")
            from_file = word == "-F" and value.startswith("@")
            body[key] = Path(value[1:]).read_text() if from_file else value
        elif word != "--paginate":
            url = word
    content = hub.read()
    answer = _answer(content, method, url, body)
    hub.write(content)
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
