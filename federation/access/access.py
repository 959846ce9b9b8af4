"""Load who gets what, where: one or many access files, checked as a whole."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Iterator, Sequence
from pathlib import Path as FilePath
from typing import Any, Final, NamedTuple

from federation.access.build import build_access
from federation.access.declared import Access, canonical_json
from federation.access.iam_policy import problems_in
from federation.access.references import AccessPart, check_references
from federation.core.errors import InvalidInput, Location, Problem
from federation.core.source import Document, Path, read_yaml
from federation.core.validation import validate

__all__ = ["Access", "Reading", "access_files", "load_access", "read_access", "read_text"]

# IAM Identity Center quotas: characters of an inline policy that are not blank.
INLINE_POLICY_CHARACTERS: Final = 10_240
_MAX_POLICY_BYTES: Final = 2**20


class Reading(NamedTuple):
    """What access files declare, and everything that is wrong with them.

    With problems, `access` holds what is valid of the files: it serves for finding more that is
    wrong, never for an update.
    """

    access: Access
    problems: tuple[Problem, ...]


def load_access(paths: Sequence[str | FilePath], *, root: FilePath) -> Access:
    """Read access files, given as paths or globs relative to `root`, into one `Access`.

    Reads files, nothing else. Raises InvalidInput with every problem of every file.
    """
    access, problems = read_access(paths, root=root)
    if problems:
        raise InvalidInput(problems)
    return access


def read_access(paths: Sequence[str | FilePath], *, root: FilePath) -> Reading:
    """As `load_access`, for who has more to say about the files than what they show themselves."""
    problems: list[Problem] = []
    parts: list[AccessPart] = []
    digests: dict[str, str] = {}
    complete = True
    for file in _expand(paths, root, problems):
        document = _read(file, root, problems, digests)
        part = _check(document, file, problems, digests)
        complete = complete and part is not None
        parts += [part] if part else []
    problems += check_references(parts, complete=complete)
    loaded = [(part.entries, part.valid) for part in parts]
    return Reading(build_access(loaded, digests), tuple(problems))


def read_text(text: str, name: str) -> Reading:
    """As `read_access`, for one file that stands nowhere yet: its policies stand in it."""
    document = read_yaml(text.encode(), name)
    problems = list(document.problems)
    part = _check(document, FilePath(name), problems, {})
    parts = [part] if part else []
    problems += check_references(parts, complete=part is not None)
    return Reading(build_access([(one.entries, one.valid) for one in parts], {}), tuple(problems))


def access_files(paths: Sequence[str | FilePath], *, root: FilePath) -> frozenset[str]:
    """Every file that `load_access` reads there, from `root`: access files and their policies.

    What is wrong with a file is not this function's business: it names no policy then.
    """
    found: set[str] = set()
    for file in _expand(paths, root, []):
        name = _shown(file, root)
        data = _read(file, root, [], {}).data
        sets = data.get("permissionSets") if isinstance(data, dict) else None
        policies = (
            entry.get("inlinePolicy")
            for entry in (sets.values() if isinstance(sets, dict) else ())
            if isinstance(entry, dict)
        )
        folder = posixpath.dirname(name)
        found |= {name} | {
            posixpath.normpath(posixpath.join(folder, policy))
            for policy in policies
            if isinstance(policy, str)
        }
    return frozenset(found)


def _expand(
    paths: Sequence[str | FilePath], root: FilePath, problems: list[Problem]
) -> Iterator[FilePath]:
    seen: set[FilePath] = set()
    if not paths:
        problems.append(Problem(message="no access file is named."))
    for path in paths:
        text = str(path)
        literal = root / text
        if literal.is_file():
            found = [literal]
        elif literal.exists():
            problems.append(Problem(file=text, message="this is a folder; name a file or a glob."))
            continue
        else:
            found = _glob(text, root)
        if not found:
            problems.append(Problem(file=text, message="there is no such access file."))
        for file in found:
            if file.resolve() not in seen:
                seen.add(file.resolve())
                yield file


def _glob(text: str, root: FilePath) -> list[FilePath]:
    if not re.search(r"[*?\[]", text):
        return []
    base, pattern = (FilePath("/"), text.lstrip("/")) if text.startswith("/") else (root, text)
    return sorted(path for path in base.glob(pattern) if path.is_file())


def _shown(file: FilePath, root: FilePath) -> str:
    try:
        return file.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return file.as_posix()


def _read(
    file: FilePath, root: FilePath, problems: list[Problem], digests: dict[str, str]
) -> Document:
    name = _shown(file, root)
    try:
        content = file.read_bytes()
    except OSError as error:
        problems.append(Problem(file=name, message=f"the file can't be read: {error.strerror}."))
        return read_yaml(b"", name)
    digests[name] = digest(content)
    document = read_yaml(content, name)
    problems += document.problems
    if document.data is None and not document.problems:
        text = "the file is empty; an access file has groups, permissionSets and rules."
        problems.append(Problem(file=name, message=text))
    return document


def _check(
    document: Document, file: FilePath, problems: list[Problem], digests: dict[str, str]
) -> AccessPart | None:
    if document.data is None:
        return None
    if not isinstance(document.data, dict):
        place = document.locate(())
        problems.append(
            Problem.at(place, "an access file is a mapping with groups, permissionSets and rules.")
        )
        return None
    entries, valid, wrong = validate(Access, document)
    problems += wrong
    sets = dict(entries.permission_sets)
    for name, entry in sets.items():
        written: Any = entry.inline_policy
        at: Path = ("permissionSets", name, "inlinePolicy")
        policy, source, path = written, valid, at
        if isinstance(written, str):
            found = _policy_file(written, valid.locate(at), file, problems, digests)
            policy, source, path = (found.data, found, ()) if found else (None, valid, at)
            sets[name] = entry.but(inline_policy=policy)
        if policy is not None:
            problems += _policy_problems(policy, source, path)
    return AccessPart(entries.but(permission_sets=sets), valid, document)


def _policy_problems(policy: Any, document: Document, base: Path) -> Iterator[Problem]:
    found = list(problems_in(policy))
    for path, text in found:
        yield Problem.at(document.locate((*base, *path)), text)
    if not found:
        size = len(re.sub(r"\s", "", canonical_json(policy)))
        if size > INLINE_POLICY_CHARACTERS:
            text = (
                f"the inline policy has {size:,} characters without blanks; AWS allows "
                f"{INLINE_POLICY_CHARACTERS:,}. Move a part to a customer-managed policy."
            )
            yield Problem.at(document.locate(base), text)


def _policy_file(
    path: str,
    place: Location,
    access_file: FilePath,
    problems: list[Problem],
    digests: dict[str, str],
) -> Document | None:
    folder = access_file.resolve().parent
    target = (folder / path).resolve()
    if (
        "\\" in path
        or "\0" in path
        or FilePath(path).is_absolute()
        or not target.is_relative_to(folder)
    ):
        text = f'"{path}" leaves the folder of the access file; name a file below it, with slashes.'
        problems.append(Problem.at(place, text))
        return None
    try:
        content = target.read_bytes()
    except OSError as error:
        text = f'the policy file "{path}" can\'t be read: {error.strerror}.'
        problems.append(Problem.at(place, text))
        return None
    shown = f"{place.file.rpartition('/')[0]}/{path}".lstrip("/")
    digests[shown] = digest(content)
    source, problem = read_json(content, shown)
    problems += [problem] if problem else []
    return source


def digest(content: bytes) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def read_json(content: bytes, file: str) -> tuple[Document | None, Problem | None]:
    """A JSON file with places, or what is wrong with it. Duplicate keys are refused."""
    duplicates: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in items]
        duplicates.extend(key for key in keys if keys.count(key) > 1)
        return dict(items)

    try:
        if len(content) > _MAX_POLICY_BYTES:
            return None, Problem(
                file=file, message="the file is far larger than AWS allows a policy."
            )
        text = content.decode("utf-8")
        data = json.loads(text, object_pairs_hook=pairs)
    except UnicodeDecodeError:
        return None, Problem(file=file, message="the file is not UTF-8 text; save it as UTF-8.")
    except RecursionError:
        return None, Problem(file=file, message="the file is nested too deep for a policy.")
    except json.JSONDecodeError as error:
        message = f"this is not valid JSON: {error.msg}."
        return None, Problem(file=file, line=error.lineno, column=error.colno, message=message)
    if duplicates:
        return None, Problem(
            file=file, message=f'the key "{duplicates[0]}" stands twice; keep one.'
        )
    # JSON is YAML once tabs are blanks and line ends are plain: that gives every place for free.
    marked = read_yaml(re.sub(r"\r\n?", "\n", text).replace("\t", " ").encode(), file)
    return Document(file, data, marked.root), None
