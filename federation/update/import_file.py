"""The file for `pulumi import`: the program's own list of what it would make, with ids. Pure.

`pulumi preview --import-file` writes the list, so names, parents and versions are the program's. An
id goes in only for what the clouds have just shown: Pulumi takes the rest on trust.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from federation.access.assignments import Assignment, PrincipalKey
from federation.access.declared import managed_policy_arn
from federation.core.urn import kind_of
from federation.engine.recovery import DERIVED_IDS
from federation.engine.set_content import SetContent, name_and_path
from federation.engine.unmanaged import Holder, Pair
from federation.identity.application import SYNCHRONIZATION_TEMPLATE, Application
from federation.identity.signing_certificate import label_of

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the clouds have. `arns` and `contents` are those of permission sets by name.

    `principal_ids` are Identity Center's ids, `object_ids` Entra's, by key of the access file.
    `identifier` is the one of the service provider's metadata. `template_id` is the gallery's.
    `attributes` are those for access control, None where none are configured.
    """

    instance_arn: str
    region: str
    partition: str
    arns: Mapping[str, str]
    contents: Mapping[str, SetContent]
    holders: Mapping[Pair, Collection[Holder]]
    principal_ids: Mapping[PrincipalKey, str]
    object_ids: Mapping[PrincipalKey, str]
    application: Application
    identifier: str
    template_id: str
    attributes: Mapping[str, str] | None = None


class Filled(NamedTuple):
    """The file to import, and what exists in no cloud, as `PermissionSet Deploy`."""

    content: Json
    missing: tuple[str, ...]


def pairs_in(listed: Json) -> list[Pair]:
    """Where to look for assignments: every permission set and account that the list names."""
    found = {
        Pair(one.permission_set, one.account)
        for entry in listed.get("resources") or ()
        if kind_of(entry["type"]) == "AccountAssignment"
        for one in [Assignment.parse(_name(entry))]
    }
    return sorted(found)


def fill(listed: Json, known: Known) -> Filled:
    """The list with an id for everything that exists; what does not is left out of it."""
    finder = _Finder(known)
    kept: list[Json] = []
    missing: list[str] = []
    for entry in listed.get("resources") or ():
        if entry.get("component"):
            kept.append(entry)
            continue
        kind, name = kind_of(entry["type"]), _name(entry)
        found = finder.find(kind, name)
        if found is None:
            missing.append(f"{kind} {name}")
        else:
            kept.append({**entry, **found})
    return Filled({**listed, "resources": kept}, tuple(sorted(missing)))


def _name(entry: Json) -> str:
    """The logical name; it stands by itself only where `name` had to be made unique."""
    return str(entry.get("logicalName") or entry["name"])


class _Finder:
    def __init__(self, known: Known) -> None:
        self._is = known
        application = known.application
        self._application = f"/applications/{application.object_id}"
        self._principal = f"/servicePrincipals/{application.service_principal_id}"
        self._finders: Mapping[str, Callable[[str], Json | str | None]] = {
            "PermissionSet": lambda name: self._of_set(name) if name in known.arns else None,
            "ManagedPolicyAttachment": self._managed,
            "CustomerManagedPolicyAttachment": self._customer,
            "PermissionSetInlinePolicy": lambda name: self._if(name, self._content(name).inline),
            "PermissionsBoundaryAttachment": lambda name: self._if(
                name, self._content(name).boundary
            ),
            "AccountAssignment": self._assignment,
            "InstanceAccessControlAttributes": self._attributes,
            "ApplicationFromTemplate": lambda _: (
                f"/applicationTemplates/{known.template_id}/instantiate/"
                f"{application.object_id}/{application.service_principal_id}"
            ),
            "ServicePrincipal": lambda _: self._principal,
            "ApplicationIdentifierUri": self._identifier,
            "ApplicationRedirectUris": self._redirects,
            "ServicePrincipalTokenSigningCertificate": self._certificate,
            "SynchronizationJob": self._job,
            "AppRoleAssignment": self._role,
        }

    def find(self, kind: str, name: str) -> Json | None:
        """What an entry needs beside its names: an id at least."""
        find = self._finders.get(kind)
        found = find(name) if find else None
        return {"id": found} if isinstance(found, str) else found

    def _content(self, name: str) -> SetContent:
        return self._is.contents.get(name, SetContent())

    def _of_set(self, name: str) -> str:
        return f"{self._is.arns[name]},{self._is.instance_arn}"

    def _if(self, name: str, present: object) -> str | None:
        return self._of_set(name) if present and name in self._is.arns else None

    def _managed(self, text: str) -> str | None:
        name, _, path = text.partition("/")
        arn = managed_policy_arn(path, self._is.partition)
        if arn not in self._content(name).managed:
            return None
        return self._attachment("ManagedPolicyAttachment", name, {"managedPolicyArn": arn})

    def _customer(self, text: str) -> str | None:
        name, _, rest = text.partition("/")
        if f"/{rest}" not in self._content(name).customer:
            return None
        policy, path = name_and_path(f"/{rest}")
        reference = {"customerManagedPolicyReference": {"name": policy, "path": path}}
        return self._attachment("CustomerManagedPolicyAttachment", name, reference)

    def _attachment(self, kind: str, name: str, what: Json) -> str:
        return DERIVED_IDS[kind](
            {
                **what,
                "permissionSetArn": self._is.arns[name],
                "instanceArn": self._is.instance_arn,
            }
        )

    def _assignment(self, name: str) -> Json | None:
        """With outputs, so that the provider need not read each: a call for every one of them."""
        one = Assignment.parse(name)
        ident = self._is.principal_ids.get(one.principal)
        holders = self._is.holders.get(Pair(one.permission_set, one.account), ())
        if ident is None or Holder(one.principal.type, ident) not in holders:
            return None
        inputs = {
            "instanceArn": self._is.instance_arn,
            "permissionSetArn": self._is.arns[one.permission_set],
            "principalId": ident,
            "principalType": one.principal.type,
            "targetId": one.account,
            "targetType": "AWS_ACCOUNT",
        }
        made = DERIVED_IDS["AccountAssignment"](inputs)
        outputs = {"id": made, "region": self._is.region, **inputs}
        return {"id": made, "inputs": inputs, "outputs": outputs}

    def _attributes(self, _: str) -> str | None:
        if self._is.attributes is None:
            return None
        inputs = {"instanceArn": self._is.instance_arn}
        return DERIVED_IDS["InstanceAccessControlAttributes"](inputs)

    def _identifier(self, _: str) -> str | None:
        if self._is.identifier not in self._is.application.identifier_uris:
            return None
        inputs = {"applicationId": self._application, "identifierUri": self._is.identifier}
        return DERIVED_IDS["ApplicationIdentifierUri"](inputs)

    def _redirects(self, _: str) -> str | None:
        if not self._is.application.reply_urls:
            return None
        return DERIVED_IDS["ApplicationRedirectUris"](
            {"applicationId": self._application, "type": "Web"}
        )

    def _certificate(self, name: str) -> str | None:
        """Only one that bears the program's name for it: another would be replaced."""
        label = name.rpartition("/")[2]
        for one in self._is.application.certificates:
            if label_of(one.name, otherwise="") == label:
                principal = self._is.application.service_principal_id
                return f"{principal}/tokenSigningCertificate/{one.key_id}"
        return None

    def _job(self, _: str) -> str | None:
        job = self._is.application.jobs.get(SYNCHRONIZATION_TEMPLATE)
        return f"{self._principal}/synchronization/jobs/{job}" if job else None

    def _role(self, name: str) -> str | None:
        key = PrincipalKey.parse(name)
        ident = self._is.object_ids.get(key) if key else None
        made = self._is.application.in_role.get(ident) if ident else None
        return f"{self._principal}/appRoleAssignedTo/{made}" if made else None
