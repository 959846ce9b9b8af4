"""The OData query options that Graph clients use: $filter, $select, $top, $skiptoken, $count."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from entra_aws_sandbox.entra.errors import GraphError, bad_request
from entra_aws_sandbox.entra.routing import Call
from entra_aws_sandbox.entra.values import Json

DEFAULT_PAGE = 100
MAX_PAGE = 999
"""`$top` of directory objects (Graph documentation, paging)."""
OPTIONS = {"$filter", "$select", "$top", "$skiptoken", "$count"}
MAX_CLAUSES = 15
"""Values of one `in`, or `or` clauses, in a filter (Graph documentation, $filter)."""

Predicate = Callable[[Json], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<punctuation>[(),])|(?P<word>[^\s(),']+))"
)


class Filter:
    """A parsed `$filter`: `eq`, `ne`, `in`, `startswith`, `any`, `and`, `or`, `not`, brackets."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._tokenize(text)
        self._at = 0
        self._clauses = 0
        self.properties: set[str] = set()
        """The properties that it looks at."""
        self.matches: Predicate = self._disjunction()
        if self._at != len(self._tokens):
            raise self._invalid()

    def _tokenize(self, text: str) -> list[str]:
        tokens, at = [], 0
        text = text.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise self._invalid()
            tokens.append(found.group(found.lastgroup or 0))
            at = found.end()
        return tokens

    def _invalid(self) -> GraphError:
        return bad_request(f"Invalid filter clause: '{self._text}'.", "BadRequest")

    def _next(self, expected: str | None = None) -> str:
        if self._at == len(self._tokens):
            raise self._invalid()
        token = self._tokens[self._at]
        if expected is not None and token.casefold() != expected:
            raise self._invalid()
        self._at += 1
        return token

    def _peek(self) -> str:
        return self._tokens[self._at].casefold() if self._at < len(self._tokens) else ""

    def _disjunction(self) -> Predicate:
        terms = [self._conjunction()]
        while self._peek() == "or":
            self._next()
            terms.append(self._conjunction())
        if len(terms) == 1:
            return terms[0]
        self._count(len(terms))
        return lambda item: any(term(item) for term in terms)

    def _conjunction(self) -> Predicate:
        terms = [self._term()]
        while self._peek() == "and":
            self._next()
            terms.append(self._term())
        if len(terms) == 1:
            return terms[0]
        return lambda item: all(term(item) for term in terms)

    def _term(self) -> Predicate:
        if self._peek() == "not":
            self._next()
            inner = self._term()
            return lambda item: not inner(item)
        if self._peek() == "(":
            self._next()
            inner = self._disjunction()
            self._next(")")
            return inner
        word = self._next()
        if word.casefold() == "startswith":
            return self._starts_with()
        if word.casefold().endswith("/any") and self._peek() == "(":
            return self._any(self._property(word[: -len("/any")]))
        return self._comparison(self._property(word))

    def _property(self, path: str) -> str:
        self.properties.add(path.partition("/")[0])
        return path

    def _starts_with(self) -> Predicate:
        self._next("(")
        path = self._property(self._next())
        self._next(",")
        prefix = str(self._literal()).casefold()
        self._next(")")
        return lambda item: str(value_at(item, path) or "").casefold().startswith(prefix)

    def _any(self, path: str) -> Predicate:
        self._next("(")
        if self._next().endswith(":"):
            self._next()
        self._next("eq")
        wanted = _folded(self._literal())
        self._next(")")
        return lambda item: any(_folded(v) == wanted for v in value_at(item, path) or [])

    def _comparison(self, path: str) -> Predicate:
        operator = self._next().casefold()
        if operator == "in":
            # A set: a look-up of 15 names among 10,000 people must not take a noticeable time.
            wanted = {_folded(value) for value in self._list()}
            return lambda item: _folded(value_at(item, path)) in wanted
        if operator not in {"eq", "ne"}:
            raise bad_request(
                f"Unsupported filter operator '{operator}'.", "Request_UnsupportedQuery"
            )
        literal = _folded(self._literal())
        if operator == "eq":
            return lambda item: bool(_folded(value_at(item, path)) == literal)
        return lambda item: bool(_folded(value_at(item, path)) != literal)

    def _list(self) -> list[Any]:
        self._next("(")
        values = [self._literal()]
        while self._peek() == ",":
            self._next()
            values.append(self._literal())
        self._next(")")
        self._count(len(values))
        return values

    def _count(self, clauses: int) -> None:
        self._clauses += clauses
        if self._clauses > MAX_CLAUSES:
            raise bad_request(
                "Too many child clauses specified in search filter expression containing 'OR' "
                f"operators: {self._clauses}. Max allowed: {MAX_CLAUSES}.",
                "Request_UnsupportedQuery",
            )

    def _literal(self) -> Any:
        token = self._next()
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        constants = {"true": True, "false": False, "null": None}
        return constants.get(token.casefold(), token)


def value_at(item: Json, path: str) -> Any:
    """The value at an OData path such as `web/redirectUris`; None where there is none."""
    if "/" not in path:
        return item.get(path)
    value: Any = item
    for name in path.split("/"):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _folded(value: Any) -> Any:
    """A value as the directory compares it: strings without regard to case."""
    if isinstance(value, str):
        return value.casefold()
    return None if isinstance(value, (list, dict)) else value


def check_options(names: Iterable[str]) -> None:
    """Refuse what is not emulated, so that no answer is wrong in silence."""
    for name in names:
        if name.startswith("$") and name not in OPTIONS:
            raise bad_request(
                f"The sandbox does not emulate the query option '{name}'.",
                "Request_UnsupportedQuery",
            )


def selected(call: Call, item: Json, default: frozenset[str] | None = None) -> Json:
    """The properties that `$select` names; without it all, or the `default` ones."""
    names = call.request.args.get("$select")
    wanted = {name.strip() for name in names.split(",")} if names else default
    if wanted is None:
        return item
    return {k: v for k, v in item.items() if k in wanted or k.startswith("@odata.")}


def page(call: Call, items: Iterable[Json], of: str, default: frozenset[str] | None = None) -> Json:
    """One page of a collection after `$filter`, with `@odata.nextLink` when more follows."""
    arguments = call.request.args
    found = list(items)
    if arguments.get("$filter"):
        condition = Filter(arguments["$filter"])
        for name in sorted(condition.properties):
            if found and not any(name in item for item in found):
                raise bad_request(
                    f"Invalid filter clause: Could not find a property named '{name}'.",
                    "BadRequest",
                )
        found = [item for item in found if condition.matches(item)]
    size = _number(arguments.get("$top"), DEFAULT_PAGE)
    if not 1 <= size <= MAX_PAGE:
        raise bad_request(f"Invalid page size specified: '{size}'. Must be between 1 and 999.")
    start = _number(arguments.get("$skiptoken"), 0)
    answer: Json = {"@odata.context": call.context(of)}
    if arguments.get("$count") == "true":
        answer["@odata.count"] = len(found)
    if start + size < len(found):
        query = {**arguments.to_dict(), "$skiptoken": str(start + size)}
        answer["@odata.nextLink"] = f"{call.tenant.base_url}{call.request.path}?{urlencode(query)}"
    answer["value"] = [selected(call, item, default) for item in found[start : start + size]]
    return answer


def _number(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.isdecimal():
        raise GraphError(
            HTTPStatus.BAD_REQUEST, "BadRequest", f"'{text}' is not a valid page position."
        )
    return int(text)
