"""Resources as the engine shows them to a policy pack, made by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy import (
    Policy,
    PolicyCustomTimeouts,
    PolicyProviderResource,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.policy import _NotApplicableError
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from policy.pack import POLICIES

UNKNOWN = UNKNOWN_STRING_VALUE


def resource(
    kind: str,
    name: str,
    props: Mapping[str, Any],
    *,
    of: Mapping[str, PolicyResource] | None = None,
    protect: bool = False,
    region: str = "",
) -> PolicyResource:
    """A resource; `of` says which property comes from which other resource."""
    provider = PolicyProviderResource("pulumi:providers:aws", {"region": region}, "urn:p", "p")
    return PolicyResource(
        kind,
        unknown_checking_proxy(dict(props)),
        f"urn:pulumi:t::p::{kind}::{name}",
        name,
        PolicyResourceOptions(
            protect=protect,
            ignore_changes=[],
            delete_before_replace=None,
            aliases=[],
            custom_timeouts=PolicyCustomTimeouts(0, 0, 0),
            additional_secret_outputs=[],
        ),
        provider if region else None,
        None,
        list((of or {}).values()),
        {key: [source] for key, source in (of or {}).items()},
    )


def rule(name: str) -> Policy:
    """The rule of that name in the pack."""
    (found,) = [policy for policy in POLICIES if policy.name == name]
    return found


def violations(
    name: str, resources: Sequence[PolicyResource], config: Mapping[str, Any] | None = None
) -> list[str]:
    """What a rule says about resources."""
    told: list[str] = []

    def report(message: str, urn: str | None = None) -> None:
        told.append(message)

    policy = rule(name)
    if isinstance(policy, StackValidationPolicy):
        policy.validate(StackValidationArgs(list(resources), config), report)
        return told
    assert isinstance(policy, ResourceValidationPolicy)
    for args in _each(resources, config):
        policy.validate(args, report)
    return told


def is_not_applicable(name: str, resources: Sequence[PolicyResource]) -> bool:
    """Whether a rule, without configuration, says that it does not apply."""
    try:
        violations(name, resources)
    except _NotApplicableError:
        return True
    return False


def _each(
    resources: Sequence[PolicyResource], config: Mapping[str, Any] | None
) -> Iterator[ResourceValidationArgs]:
    for one in resources:
        yield ResourceValidationArgs(
            one.resource_type, one.props, one.urn, one.name, one.opts, one.provider, config
        )
