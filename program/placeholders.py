"""Placeholders for what a failed resource leaves open, so that revocations still happen.

With PULUMI_CONTINUE_ON_ERROR the engine skips what depends on a failed resource, and goes on to
the deletions. But first the provider checks the inputs, and outputs of a failed resource arrive
there as missing: "Missing required property" is a refusal that ends the update before anything is
deleted (pulumi/pulumi, deployment_executor.go and step_generator.go). With a value in that place
the check passes and the step is skipped, as it should be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

import pulumi

from federation.core.urn import Urn

_NOBODY: Final = "00000000-0000-0000-0000-000000000000"
# Inputs that come from other resources, in a form that the providers' checks take. Nothing is ever
# made of them: what would be made depends on what has failed.
_FORMS: Final = {
    "applicationId": f"/applications/{_NOBODY}",
    "appRoleId": _NOBODY,
    "clientId": _NOBODY,
    "groupObjectId": _NOBODY,
    "permissionSetArn": "arn:aws:sso:::permissionSet/ssoins-0000000000000000/ps-0000000000000000",
    "principalObjectId": _NOBODY,
    "resourceObjectId": _NOBODY,
    "servicePrincipalId": f"/servicePrincipals/{_NOBODY}",
}


class Placeholders:
    """Placeholders for one stack; `recorded` are the outputs of its checkpoint by URN."""

    def __init__(self, recorded: Mapping[str, Mapping[str, Any]]) -> None:
        # What exists keeps its value: with another one it would look as if it were to be replaced.
        self._recorded = {
            _place(urn): {name: outputs[name] for name in _FORMS if outputs.get(name)}
            for urn, outputs in recorded.items()
        }

    def of(
        self, type_token: str, name: str, property_name: str, *, old_names: Iterable[str] = ()
    ) -> str | None:
        """The placeholder for an input of a resource, None for an input that needs none.

        A renamed resource is in the checkpoint under one of its old names.
        """
        camel = _camel(property_name)
        known = (self._recorded.get((type_token, one)) for one in (name, *old_names))
        recorded = next((one for one in known if one is not None), {})
        return recorded.get(camel) or _FORMS.get(camel)

    def use(self) -> None:
        """Let every resource of this `up` have them. Must come before any registration."""
        pulumi.runtime.register_stack_transformation(self.fill)

    def fill(
        self, args: pulumi.ResourceTransformationArgs
    ) -> pulumi.ResourceTransformationResult | None:
        """A transformation: each input that may stay unknown has its placeholder."""
        if not isinstance(args.resource, pulumi.CustomResource):
            return None
        props = dict(args.props)
        old_names = _names(args.opts.aliases or ())
        for name, value in args.props.items():
            placeholder = self.of(args.type_, args.name, name, old_names=old_names)
            if placeholder is not None and isinstance(value, pulumi.Output):
                props[name] = or_else(value, placeholder)
        return pulumi.ResourceTransformationResult(props, args.opts)


def or_else(output: pulumi.Output[Any], placeholder: str) -> pulumi.Output[Any]:
    """The output, or where it stays unknown the placeholder; it depends on the same resources."""

    async def value() -> Any:
        return await output.future() if await output.is_known() else placeholder

    async def known() -> bool:
        return True

    return pulumi.Output(
        output.resources(),
        asyncio.ensure_future(value()),
        asyncio.ensure_future(known()),
        output.is_secret(),
    )


def _names(aliases: Iterable[object]) -> list[str]:
    """The names of aliases that are given by name, as this program gives them."""
    return [
        one.name for one in aliases if isinstance(one, pulumi.Alias) and isinstance(one.name, str)
    ]


def _place(urn: str) -> tuple[str, str]:
    """Type and name of a resource."""
    resource = Urn.parse(urn)
    return resource.type, resource.name


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
