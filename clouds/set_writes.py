"""The calls that bring a permission set in AWS to what is declared, one for each difference.

Source: AWS SDK model sso-admin. None of them reaches an account before the set is provisioned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from federation.engine.repairs import Difference
from federation.engine.set_content import name_and_path

Write = Callable[[], Any]
_SETTINGS: Final = {
    "description": "Description",
    "sessionDuration": "SessionDuration",
    "relayState": "RelayState",
}


def writes(
    client: Any, differences: Iterable[Difference], named: Mapping[str, str]
) -> Iterator[Write]:
    """The calls in an order that widens nothing on the way: the boundary before the policies, those
    that go before those that come, and a boundary that goes last.

    `named` are the ARNs of the instance and of the set.
    """
    found = list(differences)
    for one in found:
        if one.aspect == "permissionsBoundary" and one.declared is not None:
            yield _boundary(client, one.declared, named)
    policies = [one for one in found if one.aspect in ("managedPolicy", "customerManagedPolicy")]
    for one in sorted(policies, key=lambda one: one.declared is not None):
        yield _attachment(client, one, named)
    for one in found:
        if one.aspect == "inlinePolicy":
            yield _inline(client, one.declared, named)
    settings = [one for one in found if one.aspect in _SETTINGS]
    if settings:
        yield lambda: _update(client, settings, named)
    for one in found:
        if one.aspect == "permissionsBoundary" and one.declared is None:
            yield lambda: client.delete_permissions_boundary_from_permission_set(**named)
        elif one.aspect == "tag":
            yield _tag(client, one, named)


def _boundary(client: Any, boundary: str, named: Mapping[str, str]) -> Write:
    value: dict[str, Any] = {"ManagedPolicyArn": boundary}
    if not boundary.startswith("arn:"):
        value = {"CustomerManagedPolicyReference": _reference(boundary)}
    return lambda: client.put_permissions_boundary_to_permission_set(
        PermissionsBoundary=value, **named
    )


def _reference(text: str) -> dict[str, str]:
    name, path = name_and_path(text)
    return {"Name": name, "Path": path}


def _attachment(client: Any, one: Difference, named: Mapping[str, str]) -> Write:
    attach = one.declared is not None
    if one.aspect == "managedPolicy":
        call = (
            client.attach_managed_policy_to_permission_set
            if attach
            else client.detach_managed_policy_from_permission_set
        )
        return lambda: call(ManagedPolicyArn=one.name, **named)
    call = (
        client.attach_customer_managed_policy_reference_to_permission_set
        if attach
        else client.detach_customer_managed_policy_reference_from_permission_set
    )
    return lambda: call(CustomerManagedPolicyReference=_reference(one.name), **named)


def _inline(client: Any, policy: str | None, named: Mapping[str, str]) -> Write:
    if policy is None:
        return lambda: client.delete_inline_policy_from_permission_set(**named)
    return lambda: client.put_inline_policy_to_permission_set(InlinePolicy=policy, **named)


def _update(client: Any, settings: Iterable[Difference], named: Mapping[str, str]) -> None:
    """Write the settings that differ, with those that don't: AWS clears a relay state left out."""
    described = client.describe_permission_set(**named)["PermissionSet"]
    values = {key: described.get(key) for key in _SETTINGS.values()}
    values |= {_SETTINGS[one.aspect]: one.declared for one in settings}
    client.update_permission_set(**{k: v for k, v in values.items() if v}, **named)


def _tag(client: Any, one: Difference, named: Mapping[str, str]) -> Write:
    where = {"InstanceArn": named["InstanceArn"], "ResourceArn": named["PermissionSetArn"]}
    if one.declared is None:
        return lambda: client.untag_resource(TagKeys=[one.name], **where)
    tags = [{"Key": one.name, "Value": one.declared}]
    return lambda: client.tag_resource(Tags=tags, **where)
