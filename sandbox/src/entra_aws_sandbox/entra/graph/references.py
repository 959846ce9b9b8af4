"""Links between directory objects: `$ref` bodies, `@odata.bind` lists, owners."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from entra_aws_sandbox.entra.errors import bad_request, not_found
from entra_aws_sandbox.entra.odata import page
from entra_aws_sandbox.entra.permissions import readable
from entra_aws_sandbox.entra.routing import Call
from entra_aws_sandbox.entra.tenant import Tenant
from entra_aws_sandbox.entra.values import Json

_ID = re.compile(r"/([0-9a-fA-F-]{36})(?:'?\))?$")


def reference(call: Call) -> str:
    """The object id in the body `{"@odata.id": "<address of the object>"}`."""
    return id_in(call.body().get("@odata.id"))


def id_in(address: object) -> str:
    """The object id at the end of an address such as `…/directoryObjects/<id>`."""
    path = unquote(urlsplit(address).path) if isinstance(address, str) else ""
    found = _ID.search(path)
    if found is None:
        raise bad_request(f"Invalid URL format specified in @odata.id: '{address}'.")
    return found.group(1)


def bound(body: Json, name: str) -> list[str]:
    """The object ids of `name@odata.bind` in a create request."""
    addresses = body.get(f"{name}@odata.bind") or []
    if not isinstance(addresses, list):
        raise bad_request(f"Invalid value specified for property '{name}' of resource.")
    return [id_in(address) for address in addresses]


def link(tenant: Tenant, links: dict[str, dict[str, None]], owner: str, target: str) -> None:
    """Add a link to a live directory object; refuses unknown targets and duplicates."""
    if tenant.find(target) is None or not tenant.replicated(target):
        raise not_found(target)
    existing = links.setdefault(owner, {})
    if target in existing:
        raise bad_request(
            "One or more added object references already exist for the following modified "
            "properties: 'members'."
            if links is tenant.members
            else "One or more added object references already exist for the following modified "
            "properties: 'owners'."
        )
    existing[target] = None


def unlink(links: dict[str, dict[str, None]], owner: str, target: str) -> None:
    """Take a link away; raises the 404 of Graph when there is none."""
    if target not in links.get(owner, {}):
        raise not_found(target)
    del links[owner][target]


def linked_page(call: Call, ids: list[str]) -> Json:
    """A page of the linked objects, each as far as the caller may read it."""
    found = [(i, call.tenant.find(i)) for i in ids]
    shown = [readable(call.tenant, call.caller, *hit) for _, hit in found if hit is not None]
    return page(call, shown, "directoryObjects")
