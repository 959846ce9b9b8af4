"""A client that plays the engine, and servers that write down what the doubles send."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import grpc
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from entra_aws_sandbox.listener import Listener, bind
from entra_aws_sandbox.providers.bridge import Bridge
from entra_aws_sandbox.providers.resource import Package
from entra_aws_sandbox.providers.wire import SECRET, SIGNATURE, UNKNOWN_STRING, encode

UNKNOWN_VALUE = UNKNOWN_STRING


@dataclass(frozen=True)
class Made:
    """A resource as the engine keeps it."""

    id: str
    inputs: dict[str, Any]
    state: dict[str, Any]


class Engine:
    """Sends what the engine sends, in its order; secrets are shown as `{"secret": value}`."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.stub = provider_pb2_grpc.ResourceProviderStub(channel)

    def configure(self, package: str, **config: str) -> Any:
        """Configure the provider."""
        variables = {f"{package}:config:{name}": value for name, value in config.items()}
        return self.stub.Configure(
            provider_pb2.ConfigureRequest(variables=variables, acceptSecrets=True)
        )

    def check(
        self, token: str, inputs: Mapping[str, Any], olds: Mapping[str, Any] | None = None
    ) -> Any:
        """Check inputs; the raw response."""
        return self.stub.Check(
            provider_pb2.CheckRequest(
                urn=urn(token),
                name="one",
                olds=encode(olds or {}),
                news=encode(inputs),
                randomSeed=b"seed",
            )
        )

    def checked(
        self, token: str, inputs: Mapping[str, Any], olds: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The checked inputs, in plain values as the engine would send them on."""
        response = self.check(token, inputs, olds)
        assert not response.failures, response.failures
        return opened(plain(response.inputs))

    def preview(self, token: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs that a preview shows of a resource to be made."""
        checked = self.checked(token, inputs)
        return plain(
            self.stub.Create(
                provider_pb2.CreateRequest(urn=urn(token), properties=encode(checked), preview=True)
            ).properties
        )

    def create(self, token: str, inputs: Mapping[str, Any]) -> Made:
        """Check and create."""
        checked = self.checked(token, inputs)
        made = self.stub.Create(
            provider_pb2.CreateRequest(urn=urn(token), properties=encode(checked))
        )
        return Made(made.id, checked, plain(made.properties))

    def diff(self, token: str, made: Made, inputs: Mapping[str, Any], **more: Any) -> Any:
        """Check new inputs and compare; the raw response."""
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                id=made.id,
                urn=urn(token),
                olds=encode(opened(made.state)),
                old_inputs=encode(made.inputs),
                news=encode(self.checked(token, inputs, made.inputs)),
                **more,
            )
        )

    def update(self, token: str, made: Made, inputs: Mapping[str, Any], **more: Any) -> Made:
        """Check new inputs and update."""
        checked = self.checked(token, inputs, made.inputs)
        response = self.stub.Update(
            provider_pb2.UpdateRequest(
                id=made.id,
                urn=urn(token),
                olds=encode(opened(made.state)),
                old_inputs=encode(made.inputs),
                news=encode(checked),
                **more,
            )
        )
        return Made(made.id, checked, plain(response.properties))

    def failed_update(self, token: str, made: Made, inputs: Mapping[str, Any]) -> Made:
        """An update that must fail; what the engine keeps: the new inputs, and the state told."""
        try:
            self.update(token, made, inputs)
        except grpc.RpcError as error:
            unfinished = left_unfinished(error)
            checked = self.checked(token, inputs, made.inputs)
            return Made(unfinished.id, checked, plain(unfinished.properties))
        raise AssertionError("the update did not fail")

    def refresh(self, token: str, made: Made) -> Made | None:
        """Read again; None when it is gone."""
        response = self.stub.Read(
            provider_pb2.ReadRequest(
                id=made.id,
                urn=urn(token),
                properties=encode(opened(made.state)),
                inputs=encode(made.inputs),
            )
        )
        if not response.id:
            return None
        return Made(response.id, opened(plain(response.inputs)), plain(response.properties))

    def imported(self, token: str, identity: str) -> Made | None:
        """Read by id alone."""
        return self.refresh(token, Made(identity, {}, {}))

    def delete(self, token: str, made: Made) -> None:
        """Delete."""
        self.stub.Delete(
            provider_pb2.DeleteRequest(
                id=made.id, urn=urn(token), properties=encode(opened(made.state))
            )
        )

    def invoke(self, token: str, **arguments: Any) -> dict[str, Any]:
        """Run a function."""
        response = self.stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=encode(arguments)))
        return plain(getattr(response, "return"))


def left_unfinished(error: grpc.RpcError) -> Any:
    """What an error says to keep (ErrorResourceInitFailed)."""
    metadata = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    unfinished = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(unfinished)
    return unfinished


def urn(token: str) -> str:
    """A urn of a resource of this type."""
    return f"urn:pulumi:test::test::my:component:Parent${token}::one"


def plain(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A struct as the engine reads it; secrets stand out."""
    return {name: _plain(value) for name, value in struct.fields.items()}


def _plain(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            found = plain(value.struct_value)
            is_secret = found.get(SIGNATURE) == SECRET
            return {"secret": found["value"]} if is_secret else found
        case "list_value":
            return [_plain(part) for part in value.list_value.values]
        case "null_value":
            return None
        case kind:
            return getattr(value, str(kind))


def opened(value: Any) -> Any:
    """Secrets as plain values: the doubles do not accept them, so the engine opens them."""
    if isinstance(value, dict):
        if value.keys() == {"secret"}:
            return opened(value["secret"])
        return {name: opened(part) for name, part in value.items()}
    if isinstance(value, list):
        return [opened(part) for part in value]
    return value


@contextmanager
def serving_provider(connect: Callable[[Mapping[str, str]], Package]) -> Iterator[Engine]:
    """The provider's servicer on a loopback port, and an engine connected to it."""
    server = grpc.server(futures.ThreadPoolExecutor(8))
    bridge = Bridge(version="1.2.3", connect=connect)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(bridge, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Engine(channel)
    finally:
        server.stop(None)


@contextmanager
def listening(app: Any, tls: Any = None) -> Iterator[int]:
    """A WSGI application on a free loopback port."""
    bound = bind(0)
    port = bound.getsockname()[1]
    listener = Listener(bound, app, tls=tls)
    listener.start()
    try:
        yield port
    finally:
        listener.stop()


Answer = tuple[int, Any]


@dataclass
class Recorder:
    """Writes down every request as `METHOD path?query` and answers what a test has told it to.

    `answers` are tried in their order: a pattern for the whole line, and an answer or a list of
    answers, of which the last one stays. `lose` is the number of answers that get lost.
    """

    answers: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    authorizations: list[str] = field(default_factory=list)
    lose: int = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve one request."""
        body = environ["wsgi.input"].read()
        line = self.line(environ)
        self.calls.append(line)
        self.bodies.append(_parsed(body))
        self.authorizations.append(environ.get("HTTP_AUTHORIZATION", ""))
        if self.lose:
            self.lose -= 1
            raise ConnectionResetError
        status, answer = self.answer(line)
        start_response(
            f"{status} Told", [("Content-Type", "application/json"), *self.headers.items()]
        )
        return [b"" if answer is None else json.dumps(answer).encode()]

    @staticmethod
    def line(environ: dict[str, Any]) -> str:
        """What a request is written down as: for AWS, its operation."""
        operation = environ.get("HTTP_X_AMZ_TARGET", "")
        if operation:
            return str(operation.rpartition(".")[2])
        query = unquote(environ.get("QUERY_STRING", ""))
        path = environ["PATH_INFO"] + (f"?{query}" if query else "")
        return f"{environ['REQUEST_METHOD']} {path}"

    def answer(self, line: str) -> Answer:
        """The answer to a request."""
        for pattern, told in self.answers.items():
            if re.fullmatch(pattern, line):
                if isinstance(told, list):
                    return told.pop(0) if len(told) > 1 else told[0]
                return told
        raise AssertionError(f"the test did not expect {line}")

    def take(self) -> list[str]:
        """The requests since the last time, and forget them."""
        taken = self.calls[:]
        self.forget()
        return taken

    def forget(self) -> None:
        """Start a new page."""
        self.calls.clear()
        self.bodies.clear()

    def sent(self, line: str) -> list[Any]:
        """The bodies of the requests with this line."""
        return [body for call, body in zip(self.calls, self.bodies, strict=True) if call == line]


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode()


def token_for(object_id: str) -> str:
    """An access token whose payload names the caller; nobody checks its signature."""
    payload = base64.urlsafe_b64encode(json.dumps({"oid": object_id}).encode()).decode()
    return f"header.{payload.rstrip('=')}.signature"
