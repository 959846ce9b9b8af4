"""Groups, on Graph's beta (hashicorp/terraform-provider-azuread `group_resource.go`)."""

# ruff: noqa: ARG002  (not every resource needs all that its methods are given)
from __future__ import annotations

import uuid
from typing import Any, ClassVar

from entra_aws_sandbox.providers.azuread.base import (
    BAD_REQUEST,
    NOT_FOUND,
    GraphResource,
    doing,
    hash_order,
    last,
    locked,
    must_be_imported,
    plain,
)
from entra_aws_sandbox.providers.azuread.graph import GraphError, consistently
from entra_aws_sandbox.providers.resource import ProviderError, Schema
from entra_aws_sandbox.providers.wire import Properties, is_unknown

_TYPE = "#microsoft.graph.group"
_OWNER_TYPES = tuple(f"#microsoft.graph.{kind}" for kind in ("user", "servicePrincipal", "group"))
COLLECTION = "/beta/groups"
_NOT_REPLICATED = frozenset({NOT_FOUND})
_MICROSOFT_365 = frozenset(
    {
        "autoSubscribeNewMembers",
        "externalSendersAllowed",
        "hideFromAddressLists",
        "hideFromOutlookClients",
    }
)


class Group(GraphResource):
    """A group with owners and members."""

    schema: ClassVar = Schema(
        token="azuread:index/group:Group",
        required=frozenset({"displayName"}),
        inputs=frozenset(
            {
                "administrativeUnitIds",
                "assignableToRole",
                "behaviors",
                "description",
                "mailEnabled",
                "preventDuplicateNames",
                "provisioningOptions",
                "securityEnabled",
                "types",
                "writebackEnabled",
            }
        ),
        optional=frozenset({"mailNickname", "members", "owners", "theme", "visibility"}),
        outputs=_MICROSOFT_365
        | frozenset(
            {
                "mail",
                "objectId",
                "onpremisesDomainName",
                "onpremisesNetbiosName",
                "onpremisesSamAccountName",
                "onpremisesSecurityIdentifier",
                "onpremisesSyncEnabled",
                "preferredLanguage",
                "proxyAddresses",
            }
        ),
        replaces=frozenset(
            {"assignableToRole", "behaviors", "mailNickname", "provisioningOptions", "types"}
        ),
        defaults={"preventDuplicateNames": False, "writebackEnabled": False},
        sets=frozenset(
            {
                "administrativeUnitIds",
                "behaviors",
                "members",
                "owners",
                "provisioningOptions",
                "types",
            }
        ),
    )

    def plan(self, old: Properties, new: Properties) -> None:
        """A rename looks for the new name, and makes nothing of what it finds.

        The real plugin compares ids of two forms (`groupResourceCustomizeDiff`).
        """
        name = new.get("displayName")
        if (
            new.get("preventDuplicateNames")
            and not is_unknown(name)
            and name != old.get("displayName")
        ):
            self._named(str(name))

    def create(self, inputs: Properties) -> str:
        """Make it with its owners; refused where the name is taken and must not be."""
        name = inputs["displayName"]
        self._refuse_duplicate(inputs, "")
        owners = self._owners_in_order(hash_order(inputs.get("owners", [])))
        body = {
            "@odata.type": _TYPE,
            "description": inputs.get("description") or None,
            "displayName": name,
            "groupTypes": inputs.get("types", []),
            "isAssignableToRole": inputs.get("assignableToRole", False),
            "mailEnabled": inputs.get("mailEnabled", False),
            "mailNickname": inputs.get("mailNickname") or str(uuid.uuid4())[:10],
            "membershipRule": None,
            "resourceBehaviorOptions": inputs.get("behaviors", []),
            "resourceProvisioningOptions": inputs.get("provisioningOptions", []),
            "securityEnabled": inputs.get("securityEnabled", False),
            "owners@odata.bind": [self._object(owner) for owner in owners],
        }
        with doing(f"Creating group {name!r}"):
            made = self.graph.call("POST", COLLECTION, body=body, retry=_owner_not_replicated)
        return f"/groups/{made['id']}"

    def settle(self, identity: str, inputs: Properties) -> None:
        """Rename it back and forth, which shows that it has replicated; then add the members."""
        group, name = _path(identity), inputs["displayName"]
        with doing(f"Failed to patch {identity} after creating"):
            for display_name in (f"TERRAFORM_UPDATE_{uuid.uuid4()}", name):
                self.graph.call(
                    "PATCH",
                    group,
                    body={"@odata.type": _TYPE, "displayName": display_name},
                    also_retried=_NOT_REPLICATED,
                )
        consistently(
            lambda: (self.graph.find(group) or {}).get("displayName") == name,
            failure=f"Waiting for update of {identity}",
        )
        self._add(identity, "members", hash_order(inputs.get("members", [])))

    def read(self, identity: str, known: Properties) -> Properties | None:
        """Four calls: the group, its owners, its members, the units it is in."""
        group = _path(identity)
        with doing(f"Retrieving {identity}"):
            found = self.graph.find(group)
            if found is None:
                return None
            owners = [entry["id"] for entry in self.graph.pages(f"{group}/owners")]
            members = [entry["id"] for entry in self.graph.pages(f"{group}/members")]
            units = [
                entry["id"]
                for entry in self.graph.pages(f"{group}/memberOf")
                if entry.get("@odata.type") == "#microsoft.graph.administrativeUnit"
            ]
        return {
            **_outputs(found),
            "administrativeUnitIds": units,
            "owners": owners,
            "members": members,
            "preventDuplicateNames": known.get("preventDuplicateNames", False),
        }

    def update(self, identity: str, old: Properties, new: Properties) -> None:
        """Write the group; then remove members before adding, add owners before removing.

        The group itself is written always: a name that failed to be written is written by the
        next update. Members and owners only where state and inputs differ: a change of them that
        failed is never sent again, since the state has the planned ones then.
        """
        with locked(identity):
            self._refuse_duplicate(new, last(identity))
            body = {
                "@odata.type": _TYPE,
                "description": new.get("description") or None,
                "displayName": new["displayName"],
                "mailEnabled": new.get("mailEnabled", False),
                "membershipRule": None,
                "securityEnabled": new.get("securityEnabled", False),
            }
            with doing(f"Updating {identity}"):
                self.graph.call("PATCH", _path(identity), body=body)
            changed = self.changes(old, new)
            if "members" in changed:
                gone, added = self._difference(identity, "members", new["members"])
                self._remove(identity, "members", gone)
                self._add(identity, "members", added)
            if "owners" in changed and new["owners"]:
                gone, added = self._difference(identity, "owners", new["owners"])
                self._add(identity, "owners", added)
                self._remove(identity, "owners", gone)

    def delete(self, identity: str, state: Properties) -> None:
        """Delete it, and wait until it is gone; one that is gone already is an error."""
        group = _path(identity)
        with doing(f"Retrieving {identity}"):
            if self.graph.find(group) is None:
                raise ProviderError(f"Retrieving {identity}: Group was not found")
        with doing(f"Deleting {identity}"):
            self.graph.call("DELETE", group)
        consistently(
            lambda: self.graph.find(group) is None,
            failure=f"Waiting for deletion of {identity}",
        )

    def _refuse_duplicate(self, inputs: Properties, own_id: str) -> None:
        if not inputs.get("preventDuplicateNames"):
            return
        name = inputs["displayName"]
        for other in self._named(name):
            if other["id"] != own_id:
                raise must_be_imported(
                    "azuread_group",
                    f'An existing "azuread_group" with name "{name}" (ID: "{other["id"]}") was'
                    " found and `prevent_duplicate_names` was specified",
                )

    def _named(self, name: str) -> list[Any]:
        # Not escaped, as in the real plugin: an apostrophe makes a filter that Graph refuses.
        query = {"$filter": f"displayName eq '{name}'"}
        with doing("Could not check for existing group(s)"):
            found = list(self.graph.pages(COLLECTION, query))
        return [group for group in found if group.get("displayName") == name]

    def _owners_in_order(self, owners: list[str]) -> list[str]:
        """The caller, then users, service principals, groups: a pass each that reads every owner.

        Without owners the caller is the one.
        """
        caller = self.graph.caller_id
        ordered = [caller] if caller in owners else []
        for wanted in _OWNER_TYPES:
            for owner in owners:
                if owner == caller:
                    continue
                with doing(f"Could not retrieve owner principal object {owner!r}"):
                    entry = self.graph.get(f"/v1.0/directoryObjects/{owner}")
                if entry.get("@odata.type") == wanted:
                    ordered.append(owner)
        return ordered or [caller]

    def _difference(
        self, identity: str, what: str, wanted: list[str]
    ) -> tuple[list[str], list[str]]:
        """Those to remove, in Graph's order, and those to add."""
        with doing(f"Could not retrieve {what} of {identity}"):
            present = [entry["id"] for entry in self.graph.pages(f"{_path(identity)}/{what}")]
        gone = [one for one in present if one not in wanted]
        return gone, [one for one in hash_order(wanted) if one not in present]

    def _add(self, identity: str, what: str, ids: list[str]) -> None:
        for one in ids:
            with doing(f"Could not add {what} to {identity}"):
                self.graph.call(
                    "POST",
                    f"{_path(identity)}/{what}/$ref",
                    body={"@odata.id": self._object(one)},
                )

    def _remove(self, identity: str, what: str, ids: list[str]) -> None:
        for one in ids:
            with doing(f"Could not remove {what} from {identity}"):
                self.graph.call("DELETE", f"{_path(identity)}/{what}/{one}/$ref")

    def _object(self, object_id: str) -> str:
        return f"{self.graph.base}/beta/directoryObjects/{object_id}"


def _owner_not_replicated(error: GraphError) -> bool:
    """`CreateGroupOperationOptions.RetryFunc`."""
    causes = (
        "One or more property values specified are invalid",
        "does not exist or one of its queried reference-property objects are not present",
    )
    return error.status == NOT_FOUND or (
        error.status == BAD_REQUEST and any(cause in str(error) for cause in causes)
    )


def _path(identity: str) -> str:
    return f"/beta{identity}"


def _outputs(found: dict[str, Any]) -> Properties:
    texts = {
        "description": "description",
        "displayName": "displayName",
        "mail": "mail",
        "mailNickname": "mailNickname",
        "objectId": "id",
        "onpremisesDomainName": "onPremisesDomainName",
        "onpremisesNetbiosName": "onPremisesNetBiosName",
        "onpremisesSamAccountName": "onPremisesSamAccountName",
        "onpremisesSecurityIdentifier": "onPremisesSecurityIdentifier",
        "preferredLanguage": "preferredLanguage",
        "theme": "theme",
        "visibility": "visibility",
    }
    return {
        **{name: plain(found.get(key)) for name, key in texts.items()},
        # Of Microsoft 365 groups only, which this double does not make.
        **dict.fromkeys(_MICROSOFT_365, False),
        "assignableToRole": bool(found.get("isAssignableToRole")),
        "behaviors": found.get("resourceBehaviorOptions") or [],
        "mailEnabled": bool(found.get("mailEnabled")),
        "onpremisesSyncEnabled": bool(found.get("onPremisesSyncEnabled")),
        "provisioningOptions": found.get("resourceProvisioningOptions") or [],
        "proxyAddresses": found.get("proxyAddresses") or [],
        "securityEnabled": bool(found.get("securityEnabled")),
        "types": found.get("groupTypes") or [],
    }
