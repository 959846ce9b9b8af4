"""Requests and answers of the emulated services, checked against botocore's own models.

A request that breaks the model is refused with AWS's words. An answer that breaks it is a fault of
the emulator: the caller of `answer_violations` decides what to do about it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

import botocore.session
from botocore.model import OperationModel, OperationNotFoundError, ServiceModel, Shape

from entra_aws_sandbox.aws.patterns import compiled

# https://docs.aws.amazon.com/awssupport/… "Common errors": any operation may answer with these.
COMMON_ERRORS = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "InternalFailure",
        "InvalidClientTokenId",
        "SerializationException",
        "ThrottlingException",
        "UnknownOperationException",
        "UnrecognizedClientException",
        "ValidationException",
        "ServiceUnavailable",
    }
)


@cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service, such as `sso-admin`. Reading it takes about 20 ms."""
    return botocore.session.get_session().get_service_model(service)


def operation_model(service: str, operation: str) -> OperationModel | None:
    """The model of an operation, or None if the service has no such operation."""
    try:
        return service_model(service).operation_model(operation)
    except OperationNotFoundError:
        return None


def request_violations(operation: OperationModel, body: dict[str, Any]) -> list[str]:
    """What is wrong with a request, in AWS's words; empty when nothing is."""
    if operation.input_shape is None:
        return []
    return list(_violations(operation.input_shape, body, "", closed=False))


def answer_violations(operation: OperationModel, body: dict[str, Any]) -> list[str]:
    """What is wrong with an answer; members that the model does not know are wrong as well."""
    if operation.output_shape is None:
        return [] if not body else [f"{operation.name} has no output, but answered {body}"]
    return list(_violations(operation.output_shape, body, "", closed=True))


def error_violations(operation: OperationModel, code: str, members: dict[str, Any]) -> list[str]:
    """What is wrong with an error answer: an unknown code, or members its shape does not have."""
    shape = next((shape for shape in operation.error_shapes if shape.name == code), None)
    if shape is None:
        return [] if code in COMMON_ERRORS else [f"{operation.name} never answers {code}"]
    return list(_violations(shape, members, "", closed=True))


def _violations(shape: Shape, value: Any, path: str, *, closed: bool) -> Iterator[str]:
    check = _CHECKS.get(shape.type_name)
    if check is not None:
        yield from check(shape, value, path, closed)


def _structure(shape: Shape, value: Any, path: str, closed: bool) -> Iterator[str]:
    if getattr(shape, "is_document_type", False):
        return
    if not isinstance(value, dict):
        yield _broken(value, path, "Member must be a structure")
        return
    for name in shape.required_members:
        if value.get(name) is None:
            yield _broken(None, _member(path, name), "Member must not be null")
    for name, inner in value.items():
        if name not in shape.members:
            if closed:
                yield f"{_member(path, name)} is not a member of {shape.name}"
        elif inner is not None:
            yield from _violations(shape.members[name], inner, _member(path, name), closed=closed)
        elif closed:
            yield f"{_member(path, name)} is null"


def _list(shape: Shape, value: Any, path: str, closed: bool) -> Iterator[str]:
    if not isinstance(value, list):
        yield _broken(value, path, "Member must be a list")
        return
    yield from _length(shape, len(value), value, path)
    for index, item in enumerate(value, start=1):
        yield from _violations(shape.member, item, f"{path}.{index}.member", closed=closed)


def _map(shape: Shape, value: Any, path: str, closed: bool) -> Iterator[str]:
    if not isinstance(value, dict):
        yield _broken(value, path, "Member must be a map")
        return
    yield from _length(shape, len(value), value, path)
    for key, inner in value.items():
        yield from _violations(shape.key, key, f"{path}.key", closed=closed)
        yield from _violations(shape.value, inner, f"{path}.{key}", closed=closed)


def _string(shape: Shape, value: Any, path: str, _closed: bool) -> Iterator[str]:
    if not isinstance(value, str):
        yield _broken(value, path, "Member must be a string")
        return
    yield from _length(shape, len(value), value, path)
    if shape.enum and value not in shape.enum:
        allowed = ", ".join(shape.enum)
        yield _broken(value, path, f"Member must satisfy enum value set: [{allowed}]")
    pattern = shape.metadata.get("pattern")
    if pattern and compiled(pattern).fullmatch(value) is None:
        yield _broken(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _integer(shape: Shape, value: Any, path: str, _closed: bool) -> Iterator[str]:
    if not isinstance(value, int) or isinstance(value, bool):
        yield _broken(value, path, "Member must be an integer")
        return
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and value < low:
        yield _broken(value, path, f"Member must have value greater than or equal to {low}")
    if high is not None and value > high:
        yield _broken(value, path, f"Member must have value less than or equal to {high}")


def _boolean(_shape: Shape, value: Any, path: str, _closed: bool) -> Iterator[str]:
    if not isinstance(value, bool):
        yield _broken(value, path, "Member must be a boolean")


def _timestamp(_shape: Shape, value: Any, path: str, _closed: bool) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, datetime | int | float):
        yield _broken(value, path, "Member must be a timestamp")


_CHECKS = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _integer,
    "long": _integer,
    "boolean": _boolean,
    "timestamp": _timestamp,
}


def _length(shape: Shape, length: int, value: Any, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and length < low:
        yield _broken(value, path, f"Member must have length greater than or equal to {low}")
    if high is not None and length > high:
        yield _broken(value, path, f"Member must have length less than or equal to {high}")


def _member(path: str, name: str) -> str:
    name = name[:1].lower() + name[1:]
    return f"{path}.{name}" if path else name


def _broken(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{_shown(value)}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
