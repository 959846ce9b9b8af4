"""A provider plugin as pulumi-terraform-bridge makes them, over resources described in Python."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import (
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    status_pb2,
)

from entra_aws_sandbox.providers.resource import Package, ProviderError, Resource, with_defaults
from entra_aws_sandbox.providers.wire import (
    DEFAULTS,
    Properties,
    decode,
    encode,
    is_unknown,
    marked,
    without_defaults,
)

_CONFIG = ":config:"
_DIFF = provider_pb2.DiffResponse
_KINDS = provider_pb2.PropertyDiff


class _Status(NamedTuple):
    """What `abort_with_status` wants: grpc.Status is an interface without an implementation."""

    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, bytes], ...]


def _answering(method: Callable[..., Any]) -> Callable[..., Any]:
    """Turn a ProviderError into the status that the real plugin answers."""

    @functools.wraps(method)
    def wrapper(self: Bridge, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except _UnfinishedError as error:
            status = error.status
        except ProviderError as error:
            status = _Status(grpc.StatusCode.UNKNOWN, _listed(error), ())
        except Exception as error:  # noqa: BLE001  (a bug must still be told in a sentence)
            told = f"the double of this plugin failed: {type(error).__name__}: {error}"
            status = _Status(grpc.StatusCode.INTERNAL, told, ())
        context.abort_with_status(status)
        raise AssertionError("abort_with_status raises")

    return wrapper


def _listed(error: ProviderError) -> str:
    return f"1 error occurred:\n\t* {error}\n\n"


class _UnfinishedError(ProviderError):
    """A failure after which the engine keeps the resource, marked as not fully initialized."""

    def __init__(self, what: str, identity: str, properties: Any, error: ProviderError) -> None:
        super().__init__(str(error))
        message = f"{what}: {_listed(error)}"
        detail = any_pb2.Any()
        detail.Pack(
            provider_pb2.ErrorResourceInitFailed(
                id=identity, properties=properties, reasons=[message]
            )
        )
        code = grpc.StatusCode.UNKNOWN
        status = status_pb2.Status(code=code.value[0], message=message, details=[detail])
        packed = ("grpc-status-details-bin", status.SerializeToString())
        self.status = _Status(code, message, (packed,))


class Bridge(provider_pb2_grpc.ResourceProviderServicer):
    """Serves one package.

    `connect` makes the package from the provider's configuration, once the engine sends it.
    Handshake is left unimplemented, as bridged providers do: `Configure` then decides what the
    engine sends, and what is not listed there (secrets, resources, outputs) comes as plain values.
    """

    def __init__(self, *, version: str, connect: Callable[[Mapping[str, str]], Package]) -> None:
        self._version = version
        self._connect = connect
        self._package = Package({}, {})

    def _resource(self, urn: str) -> Resource:
        token = urn.split("::")[2].rpartition("$")[2]
        try:
            return self._package.resources[token]
        except KeyError:
            raise ProviderError(f"this double has no resource {token}") from None

    def Attach(self, *_: Any) -> Any:
        """Accept an engine that attaches to a running plugin."""
        return empty_pb2.Empty()

    def GetPluginInfo(self, *_: Any) -> Any:
        """The version of the plugin that this one stands for."""
        return plugin_pb2.PluginInfo(version=self._version)

    def CheckConfig(self, request: Any, _: Any) -> Any:
        """Take the provider's configuration as it is."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, *_: Any) -> Any:
        """No change of configuration replaces what the provider has made."""
        return _DIFF(changes=_DIFF.DIFF_NONE)

    @_answering
    def Configure(self, request: Any, _: Any) -> Any:
        """Connect to the cloud."""
        config = {
            name.partition(_CONFIG)[2]: value for name, value in request.variables.items() if value
        }
        self._package = self._connect(config)
        return provider_pb2.ConfigureResponse(
            supportsPreview=True, supports_autonaming_configuration=True
        )

    def Cancel(self, *_: Any) -> Any:
        """Nothing to stop: the engine's SIGINT, which follows, ends the process."""
        return empty_pb2.Empty()

    @_answering
    def Check(self, request: Any, _: Any) -> Any:
        """Refuse what the real plugin refuses before a call; apply defaults and names."""
        resource = self._resource(request.urn)
        schema = resource.schema
        inputs = with_defaults(schema, decode(request.news), decode(request.olds))
        if schema.autonamed and schema.autonamed not in inputs:
            inputs[schema.autonamed] = _autoname(request)
            inputs[DEFAULTS] = sorted([*inputs[DEFAULTS], schema.autonamed])
        failures = [
            provider_pb2.CheckFailure(property=name, reason=f'Missing required property "{name}"')
            for name in sorted(schema.required - inputs.keys())
        ]
        failures += [
            provider_pb2.CheckFailure(property=name, reason=reason)
            for name, reason in resource.validate(without_defaults(inputs))
            if not is_unknown(inputs.get(name))
        ]
        return provider_pb2.CheckResponse(
            inputs=encode(marked(inputs, schema.secrets)), failures=failures
        )

    @_answering
    def Diff(self, request: Any, _: Any) -> Any:
        """Compare what is wanted with the last known state, as Terraform plans."""
        resource = self._resource(request.urn)
        schema, inputs, old = resource.schema, decode(request.news), decode(request.olds)
        resource.plan(old, without_defaults(inputs))
        changes = resource.changes(old, without_defaults(inputs))
        for ignored in request.ignoreChanges:
            changes.pop(ignored, None)
        replaces = sorted(schema.replaces & changes.keys())
        return _DIFF(
            changes=_DIFF.DIFF_SOME if changes else _DIFF.DIFF_NONE,
            diffs=sorted(changes),
            replaces=replaces,
            stables=sorted(schema.replaces - changes.keys()),
            deleteBeforeReplace=bool(replaces) and _named_by_hand(resource, inputs),
            detailedDiff={
                name: provider_pb2.PropertyDiff(kind=_kind(*values, replaces=name in replaces))
                for name, values in changes.items()
            },
            hasDetailedDiff=True,
        )

    @_answering
    def Create(self, request: Any, _: Any) -> Any:
        """Make the resource and read it back."""
        resource = self._resource(request.urn)
        inputs = without_defaults(decode(request.properties))
        if request.preview:
            return provider_pb2.CreateResponse(
                properties=_outputs(resource, resource.preview(inputs))
            )
        identity = resource.create(inputs)
        state = {**inputs, **resource.planned(inputs), "id": identity}
        try:
            resource.settle(identity, inputs)
            found = _read_new(resource, identity, inputs)
        except ProviderError as error:
            what = f"creating {request.urn}"
            raise _UnfinishedError(what, identity, _outputs(resource, state), error) from error
        if found is None:
            raise ProviderError(
                f"expected non-nil error with nil state during Create of {request.urn}"
            )
        state |= _applied(resource, {}, inputs, found)
        return provider_pb2.CreateResponse(id=identity, properties=_outputs(resource, state))

    @_answering
    def Read(self, request: Any, _: Any) -> Any:
        """Refresh, or import when only the id is known; an empty id says that it is gone."""
        resource = self._resource(request.urn)
        schema, inputs = resource.schema, decode(request.inputs)
        known = {**without_defaults(inputs), **decode(request.properties)}
        state = resource.read(request.id, known)
        if state is None:
            return provider_pb2.ReadResponse()
        state = {**known, **state, "id": request.id}
        found = _inputs_of(resource, state, inputs)
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=_outputs(resource, state),
            inputs=encode(marked(found, schema.secrets)),
        )

    @_answering
    def Update(self, request: Any, _: Any) -> Any:
        """Plan, change and read back; what fails leaves the planned values in the state.

        The engine calls this without a difference, too, for a resource whose last create or update
        failed: the bridge then runs the resource's own Update with old values equal to new ones
        (`pkg/tfshim/sdk-v2/provider2.go`), so only what that sends unconditionally is sent.
        """
        resource = self._resource(request.urn)
        old, new = decode(request.olds), without_defaults(decode(request.news))
        for ignored in request.ignoreChanges:
            new[ignored] = old.get(ignored)
        resource.plan(old, new)
        dropped = resource.changes(old, new).keys() - new.keys()
        state = {name: value for name, value in old.items() if name not in dropped} | new
        if not is_unknown(new):
            state |= resource.planned(new)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=_outputs(resource, state))
        try:
            resource.update(request.id, old, new)
            found = resource.read(request.id, state) if resource.reads_updated else {}
        except ProviderError as error:
            what = f"updating {request.urn}"
            raise _UnfinishedError(what, request.id, _outputs(resource, state), error) from error
        if found is None:
            raise ProviderError(
                "Resource provider reported that the resource did not exist while updating"
                f" {request.urn}."
            )
        state |= _applied(resource, old, new, found)
        return provider_pb2.UpdateResponse(properties=_outputs(resource, state))

    @_answering
    def Delete(self, request: Any, _: Any) -> Any:
        """Remove the resource."""
        self._resource(request.urn).delete(request.id, decode(request.properties))
        return empty_pb2.Empty()

    @_answering
    def Invoke(self, request: Any, _: Any) -> Any:
        """Run a function of the package (Terraform: a data source)."""
        try:
            function = self._package.functions[request.tok]
        except KeyError:
            raise ProviderError(f"this double has no function {request.tok}") from None
        return provider_pb2.InvokeResponse(**{"return": encode(function(decode(request.args)))})


def _outputs(resource: Resource, state: Properties) -> Any:
    return encode(marked(state, resource.schema.secrets))


def _read_new(resource: Resource, identity: str, known: Properties) -> Properties | None:
    found = resource.read(identity, known)
    if found is None and resource.keeps_unread:
        raise ProviderError(f"reading {identity}: couldn't find resource")
    return found


def _applied(resource: Resource, old: Properties, new: Properties, found: Properties) -> Properties:
    """What a read after a create or update leaves in the state.

    As `normalizeNullValues` of terraform-plugin-sdk has it: a set whose planned value was known
    stays as planned, whatever was read, and a collection that was not declared stays null where
    an empty one was read. A refresh shows what was read.
    """
    schema = resource.schema
    kept = {name: old[name] for name in schema.optional & schema.sets & old.keys()} | new
    sets = {name: kept[name] for name in schema.sets & kept.keys()}
    undeclared = schema.accepted - schema.optional - new.keys() - old.keys()
    nulls = {name: None for name in undeclared if found.get(name) in ([], {})}
    return found | nulls | sets


def _inputs_of(resource: Resource, state: Properties, inputs: Properties) -> Properties:
    """The inputs that would give this state; unchanged ones stay as they were written."""
    if not inputs:
        names = (name for name in resource.schema.accepted if state.get(name))
        return {**{name: state[name] for name in names}, DEFAULTS: []}
    found = dict(inputs)
    for name in inputs.keys() - {DEFAULTS}:
        if not resource.same(name, state.get(name), without_defaults(inputs[name])):
            found[name] = state.get(name)
    return found


def _named_by_hand(resource: Resource, inputs: Properties) -> bool:
    """Whether old and new would bear one name (bridge: nameRequiresDeleteBeforeReplace)."""
    name = resource.schema.autonamed
    return bool(name) and name in inputs and name not in inputs.get(DEFAULTS, ())


def _kind(old: Any, new: Any, *, replaces: bool) -> Any:
    if old in (None, "", [], {}):
        return _KINDS.ADD_REPLACE if replaces else _KINDS.ADD
    if new in (None, "", [], {}):
        return _KINDS.DELETE_REPLACE if replaces else _KINDS.DELETE
    return _KINDS.UPDATE_REPLACE if replaces else _KINDS.UPDATE


def _autoname(request: Any) -> str:
    """The engine's proposal, else the logical name and seven characters of its random seed."""
    if request.HasField("autonaming") and request.autonaming.proposed_name:
        return str(request.autonaming.proposed_name)
    logical = request.name or request.urn.rpartition("::")[2]
    return f"{logical}-{hashlib.sha256(request.randomSeed).hexdigest()[:7]}"
