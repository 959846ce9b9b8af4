"""Pulumi's mocks with a memory: what a component registered, as the engine would have got it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pulumi
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import mocks
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.stack import run_pulumi_func

USER_ROLE = "role-user"
# What the clouds would answer beside the inputs, by the kind of resource.
_ANSWERS: dict[str, dict[str, Any]] = {
    "ApplicationFromTemplate": {
        "applicationId": "/applications/app",
        "applicationObjectId": "app",
    },
    "ServicePrincipal": {
        "objectId": "sp",
        "appRoles": [
            {"displayName": "msiam_access", "id": "role-other"},
            {"displayName": "User", "id": USER_ROLE},
        ],
    },
    "Group": {"objectId": "group-object"},
    "ServicePrincipalTokenSigningCertificate": {"thumbprint": "AB", "endDate": "2029-01-01"},
}


class _Clouds(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        kind = args.typ.rpartition(":")[2]
        answers = dict(_ANSWERS.get(kind, {}))
        if args.typ == "aws:ssoadmin/permissionSet:PermissionSet":
            answers["arn"] = f"arn:{args.name}"
        return f"{kind}/{args.name}", {**args.inputs, **answers}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        return {"clientId": "client"}, []


class Recorder(mocks.MockMonitor):
    """Every registration, in order; `of` finds one by kind and logical name."""

    def __init__(self) -> None:
        super().__init__(_Clouds())
        self.requests: list[Any] = []
        self.outputs: dict[str, Any] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the SDK's name
        """Remember the request, then answer as the mocks do."""
        self.requests.append(request)
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the SDK's name
        """Remember the outputs of a component."""
        self.outputs[request.urn] = MessageToDict(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]

    def outputs_of(self, kind: str) -> Any:
        """The outputs that the only component of a kind has registered."""
        (found,) = [
            outputs for urn, outputs in self.outputs.items() if urn.split("::")[2].endswith(kind)
        ]
        return found

    def of(self, kind: str, name: str) -> Any:
        """The only registration of a kind, such as `Group`, under a logical name."""
        (found,) = [
            one
            for one in self.requests
            if (one.type.rpartition(":")[2], one.name) == (kind, name) and one.custom
        ]
        return found

    def children(self, component: str) -> list[tuple[str, str]]:
        """Kind and logical name of what has the component of this type as parent, sorted."""
        return sorted(
            (one.type.rpartition(":")[2], one.name)
            for one in self.requests
            if one.parent.rpartition("::")[0].endswith(component)
        )


def record(program: Callable[[], object], *, preview: bool = False) -> Recorder:
    """What a program registers in `up`, or in a preview."""
    recorder = Recorder()
    SETTINGS.rpc_manager.clear()
    SETTINGS.outputs.clear()

    def begin() -> None:
        program()

    async def run() -> None:
        pulumi.runtime.set_mocks(_Clouds(), "project", "stack", preview=preview, monitor=recorder)
        await run_pulumi_func(begin)

    asyncio.run(run())
    return recorder


def names(urns: Any) -> set[str]:
    """Kind and name of each resource that another one depends on."""
    return {f"{urn.split('::')[2].rpartition(':')[2]} {urn.split('::', 3)[3]}" for urn in urns}
