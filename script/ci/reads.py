"""Which files an environment reads, as its own configuration says at a commit.

reads.py changed BASE HEAD   what a change concerns, as lines for $GITHUB_OUTPUT (environments.sh)
reads.py of NAME COMMIT      the access that NAME reads at COMMIT, configured as in this checkout

Access lives in the folders `environments` and `access`. Only that is taken from a pull request
before somebody has read it; what an environment reads elsewhere counts as code.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from federation.access.access import access_files
from federation.core.source import read_yaml
from federation.update.settings import NAMESPACE

_CHECKOUT: Final = os.environ.get("CHECKOUT") or Path(__file__).resolve().parents[2]
_FOLDERS: Final = ("access/", "environments/")
# The policy pack's configuration decides what is refused: it is not access.
_PACK: Final = re.compile(r"environments/[^/]+/policy\.json")
_STACK: Final = re.compile(r"Pulumi\.([a-z0-9][a-z0-9-]*)\.yaml")


class UnreadableError(ValueError):
    """A configuration that does not say which files it reads."""


@dataclass(frozen=True)
class Tree:
    """What a commit has of configuration and access, in a folder; links are left out."""

    folder: Path

    @classmethod
    def unpack(cls, commit: str, folder: Path) -> Tree:
        """Write the files of a commit into a new folder."""
        # Not an archive or a checkout: what these leave out or rewrite, the commit itself can say.
        for entry in _git("ls-tree", "-r", "-z", commit).decode("utf-8", "replace").split("\0"):
            kind, _, path = entry.partition("\t")
            wanted = path.startswith(_FOLDERS) or path == "Pulumi.yaml" or _STACK.fullmatch(path)
            if wanted and kind.startswith("100") and ".." not in Path(path).parts:
                file = folder / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(_git("cat-file", "blob", kind.split()[2]))
        folder.mkdir(exist_ok=True)
        return cls(folder)

    @property
    def stacks(self) -> set[str]:
        """The names of the stacks that have a configuration."""
        names = (_STACK.fullmatch(path.name) for path in self.folder.glob("Pulumi.*.yaml"))
        return {name[1] for name in names if name}

    def config(self, stack: str) -> Mapping[str, Any]:
        """A stack's configuration, {} when it has none. Raises UnreadableError."""
        if self._mapping("Pulumi.yaml").get("config"):
            raise UnreadableError("Pulumi.yaml holds configuration; move it to Pulumi.<name>.yaml.")
        config = self._mapping(f"Pulumi.{stack}.yaml").get("config") or {}
        if not isinstance(config, Mapping):
            raise UnreadableError(f"in Pulumi.{stack}.yaml, config is no mapping.")
        return config

    def _mapping(self, name: str) -> Mapping[str, Any]:
        path = self.folder / name
        if not path.is_file():
            return {}
        document = read_yaml(path.read_bytes(), name)
        if document.problems or not isinstance(document.data, Mapping):
            told = "; ".join(map(str, document.problems)) or f"{name} is no mapping."
            raise UnreadableError(told)
        return document.data


def reads(config: Mapping[str, Any], files: Tree) -> frozenset[str]:
    """What a stack with this configuration reads of a commit's files. Raises UnreadableError."""
    access = config.get(f"{NAMESPACE}:access") or []
    named = [access] if isinstance(access, str) else access
    center = config.get(f"{NAMESPACE}:identityCenter") or {}
    metadata = center.get("serviceProviderMetadata") if isinstance(center, Mapping) else None
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise UnreadableError(f"{NAMESPACE}:access is neither a path nor a list of paths.")
    found = access_files(named, root=files.folder) if named else frozenset()
    if isinstance(metadata, str):
        found |= {posixpath.normpath(metadata)}
    return frozenset(path for path in found if (files.folder / path).is_file())


def is_access(path: str) -> bool:
    """Whether a file may be taken from a pull request that nobody has read yet."""
    return path.startswith(_FOLDERS) and not _PACK.fullmatch(path)


def concerned(
    changed: Iterable[str], live: list[str], base: Tree, head: Tree
) -> tuple[list[str], list[str]]:
    """The environments whose access a change touches, and the changed files that are code.

    A file that no stack reads may be meant as access: nobody would see what it comes to, so it is
    code, which is previewed and deployed everywhere. Raises UnreadableError.
    """
    read = {
        stack: reads(base.config(stack), base)
        | reads(base.config(stack), head)
        | reads(head.config(stack), head)
        for stack in base.stacks | head.stacks | set(live)
    }
    known = frozenset().union(*read.values())
    changed = list(changed)
    touched = [
        name
        for name in live
        if any(
            path == f"environments/{name}/policy.json" or (is_access(path) and path in read[name])
            for path in changed
        )
    ]
    return touched, [path for path in changed if not is_access(path) or path not in known]


def _changed(base: str, head: str) -> None:
    try:
        live = json.loads(os.environ.get("ENVIRONMENTS") or "[]")
    except ValueError:
        live = None
    if not isinstance(live, list) or not all(isinstance(one, str) for one in live):
        raise UnreadableError("ENVIRONMENTS must be a JSON list of names.")
    # Three dots: what the head changed, not what the base did meanwhile.
    told = _git("diff", "--name-only", "--no-renames", "-z", f"{base}...{head}").decode("utf-8")
    with TemporaryDirectory() as folder:
        trees = [Tree.unpack(one, Path(folder, one)) for one in (base, head)]
        access, code = concerned(filter(None, told.split("\0")), live, *trees)
    for path in code:
        print(f"code, or read by no environment: {path!a}", file=sys.stderr)
    print(f"access={json.dumps(access)}")
    print(f"all={json.dumps(live if code else access)}")
    print(f"code={json.dumps(bool(code))}")


def _of(name: str, commit: str) -> None:
    with TemporaryDirectory() as folder:
        config = Tree.unpack("HEAD", Path(folder, "HEAD")).config(name)
        files = Tree.unpack(commit, Path(folder, "files"))
        for path in sorted(filter(is_access, reads(config, files))):
            print(path)


def _git(*arguments: str) -> bytes:
    return subprocess.run(
        ["git", *arguments], cwd=_CHECKOUT, check=True, capture_output=True
    ).stdout


if __name__ == "__main__":
    try:
        {"changed": _changed, "of": _of}[sys.argv[1]](*sys.argv[2:])
    except UnreadableError as problem:
        sys.exit(f"reads.py: {problem}")
    except subprocess.CalledProcessError as problem:
        sys.exit(f"reads.py: {problem.stderr.decode(errors='replace').strip()}")
