"""Entra: the sign-in, its app roles, and quirks that make an update hang or repeat itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from clouds.entra import EntraError
from clouds.sign_in import SignIn
from federation.engine.phase import Phase
from federation.identity.application import GALLERY_TEMPLATE, SYNCHRONIZATION_TEMPLATE
from federation.update.diagnosis import Findings
from federation.update.permissions import Feature, Purpose, missing_roles, required_roles
from ops.session import Session

# SigV4 and SAML take five minutes; beyond two the clock is not kept at all.
SKEW_SECONDS: Final = 120
_OWNED: Final = "Application.ReadWrite.OwnedBy"
_ALL: Final = "Application.ReadWrite.All"
# Licensing service plan reference: AAD_PREMIUM (P1) and AAD_PREMIUM_P2.
_PREMIUM: Final = {
    "41781fb2-bc02-4b7c-bd55-b576c07bb09d",
    "eec0eb4f-6444-4f95-aba0-50c24d67f998",
}
# What components/scim_provisioning.py writes, in its order.
SECRET_KEYS: Final = ("BaseAddress", "SecretToken", "SyncAll", "SyncNotificationSettings")


@dataclass(frozen=True)
class EntraChecks:
    """The checks of one stack; `run` says what it found and raises EntraError for a refusal."""

    session: Session
    purpose: Purpose
    features: Collection[Feature]
    findings: Findings

    def run(self) -> None:
        """All of them. The sign-in comes first: without it nothing else can be told."""
        claims = self.session.graph.credentials.claims()
        self._sign_in(claims)
        self._clock()
        granted = frozenset(claims.get("roles") or ())
        self._roles(claims, granted)
        if Feature.FEDERATION in self.features:
            self._federation(claims, granted)

    def _federation(self, claims: Mapping[str, Any], granted: frozenset[str]) -> None:
        """What only the stack that owns the application has to do with."""
        principal = self.session.service_principal_id
        if principal and _OWNED in granted and _ALL not in granted:
            self._ownership(str(claims.get("oid")))
        self._template(principal)
        self._licence()
        self._identifier_restriction()
        if principal and self.session.stack.one("SynchronizationSecret"):
            self._secrets(principal)

    def _sign_in(self, claims: Mapping[str, Any]) -> None:
        who = claims.get("app_displayname") or claims.get("appid") or claims.get("oid")
        kind = SignIn.read(self.session.stack.section("azuread")).kind
        self.findings.fine(
            "entra-sign-in", f"Entra: {who} in tenant {claims.get('tid')}, by {kind}"
        )

    def _clock(self) -> None:
        graph = self.session.graph
        base = graph.credentials.endpoints.graph
        answer = graph.pool.request(
            "GET",
            f"{base}/v1.0/organization",
            headers={"Authorization": f"Bearer {graph.credentials.token()}"},
        )
        check_clock(answer.headers.get("Date"), "Entra", self.findings)

    def _roles(self, claims: Mapping[str, Any], granted: frozenset[str]) -> None:
        if "roles" not in claims and "scp" in claims:
            self.findings.note(
                "graph-roles",
                "signed in as a person: what a person may do is not in the token; app roles are "
                "told for applications only",
            )
            return
        missing = missing_roles(granted, self.purpose, self.features)
        for need in missing:
            self.findings.problem(
                "graph-roles",
                f"the Graph app role {need.permission} is missing: {need.reason} need it",
                permission=need.permission,
            )
        if missing:
            self.findings.note(
                "graph-roles",
                f"grant app roles to the application {claims.get('appid')} (App registrations > "
                "API permissions > Microsoft Graph > Application permissions > Grant admin "
                "consent); until then the azuread provider repeats refused calls on secrets and "
                "jobs for 4 to 15 minutes",
            )
        else:
            count = len(required_roles(self.purpose, self.features))
            self.findings.fine(
                "graph-roles", f"Graph app roles: all that are needed are granted ({count})"
            )

    def _ownership(self, object_id: str) -> None:
        """Graph, OwnedBy: "cannot update any apps that it is not an owner of"."""
        principal = self.session.service_principal_id
        application = self.session.stack.one("ApplicationFromTemplate")
        paths = {f"the service principal {principal}": f"/servicePrincipals/{principal}/owners"}
        if application:
            ident = str(application.outputs.get("applicationObjectId"))
            paths[f"the application {ident}"] = f"/applications/{ident}/owners"
        for what, path in paths.items():
            try:
                owners = {owner["id"] for owner in self.session.graph.entries(path)}
            except EntraError as error:
                self.findings.note("ownership", f"the owners of {what} can't be read: {error}")
                continue
            if object_id not in owners:
                self.findings.problem(
                    "ownership",
                    f"the caller does not own {what}, so {_OWNED} does not reach it: add the "
                    f"caller's service principal {object_id} as an owner, or grant {_ALL}",
                )

    def _template(self, principal: str) -> None:
        path, what = f"/applicationTemplates/{GALLERY_TEMPLATE}", "the gallery template"
        if principal:
            path = f"/servicePrincipals/{principal}/synchronization/templates"
            what = f"the synchronization template {SYNCHRONIZATION_TEMPLATE}"
        try:
            answer = self.session.graph.call("GET", path)
        except EntraError as error:
            if error.status == 404:
                self.findings.problem("template", f"Entra has no longer {what}: {error}")
            else:
                self.findings.note("template", f"{what} can't be looked up: {error}")
            return
        names = {one.get("id") for one in answer.get("value", ())}
        if principal and SYNCHRONIZATION_TEMPLATE not in names:
            self.findings.problem(
                "template",
                f"the application offers no {what}: it was not made from the gallery template of "
                "AWS IAM Identity Center",
            )
        else:
            self.findings.fine("template", f"{what} is there")

    def _licence(self) -> None:
        """Entra, "Assign users and groups to an application": groups take P1 or P2."""
        try:
            licences = list(self.session.graph.entries("/subscribedSkus"))
        except EntraError:
            if any(one.name.startswith("group/") for one in self._assignments()):
                self.findings.fine("licence", "groups are assigned, so the licence (P1) is there")
            else:
                self.findings.note(
                    "licence",
                    "whether the tenant has Entra ID P1, without which groups can't be assigned, "
                    "can't be seen (it takes Organization.Read.All)",
                )
            return
        plans = {
            plan["servicePlanId"]
            for licence in licences
            if licence.get("capabilityStatus") in ("Enabled", "Warning")
            for plan in licence.get("servicePlans") or ()
        }
        if plans & _PREMIUM:
            self.findings.fine("licence", "the tenant has Entra ID P1 or P2")
        else:
            self.findings.problem(
                "licence",
                "the tenant has no Entra ID P1 or P2, without which groups can't be assigned to an "
                "application: get the licence, or declare users instead of groups",
            )

    def _assignments(self) -> list[Any]:
        return list(self.session.stack.of_type("AppRoleAssignment"))

    def _identifier_restriction(self) -> None:
        """Graph, tenantAppManagementPolicy: restrictions on new identifier URIs."""
        if self.session.stack.one("ApplicationIdentifierUri"):
            return
        try:
            policy = self.session.graph.call("GET", "/policies/defaultAppManagementPolicy")
        except EntraError:
            self.findings.note(
                "identifier-uri",
                "whether the tenant restricts identifier URIs can't be seen (it takes "
                "Policy.Read.All); AWS's identifier is on no verified domain of the tenant",
            )
            return
        uris = (policy.get("applicationRestrictions") or {}).get("identifierUris") or {}
        closed = [
            name
            for name, rule in uris.items()
            if policy.get("isEnabled")
            and isinstance(rule, dict)
            and rule.get("state") == "enabled"
            and not rule.get("excludeSaml")
        ]
        if closed:
            self.findings.problem(
                "identifier-uri",
                f"the tenant's app management policy ({', '.join(sorted(closed))}) forbids AWS's "
                "identifier, whose domain is not the tenant's: exempt SAML applications "
                "(excludeSaml) or this application",
            )
        else:
            self.findings.fine("identifier-uri", "identifier URIs of SAML applications are allowed")

    def _secrets(self, principal: str) -> None:
        path = f"/servicePrincipals/{principal}/synchronization/secrets"
        try:
            entries = self.session.graph.call("GET", path)["value"]
        except EntraError as error:
            self.findings.note("secrets", f"the synchronization secrets can't be read: {error}")
            return
        quirk = secret_quirk([entry["key"] for entry in entries])
        if quirk is None:
            self.findings.fine("secrets", "Graph returns the synchronization secrets as written")
        elif self._configured(Phase.PROVISIONING):
            self.findings.problem("secrets", quirk)

    def _configured(self, phase: Phase) -> bool:
        reached = self.session.stack.checkpoint.phase
        return reached is not None and reached.step >= phase.step


def secret_quirk(keys: list[str]) -> str | None:
    """What it means when Graph returns other secrets than were written, None when it does not.

    Source: pulumi-azuread, SynchronizationSecret: credentials are compared as a list, and a write
    waits five minutes for as many keys as it wrote (provider issue 1013).
    """
    extra = [key for key in keys if key not in SECRET_KEYS]
    missing = [key for key in SECRET_KEYS if key not in keys]
    if extra:
        return (
            f"Graph returns a synchronization secret that nobody wrote ({', '.join(extra)}): the "
            "next change of the secrets, such as a token rotation, waits five minutes and fails, "
            "although it was written; take the key out in Entra, or run pulumi refresh after the "
            "failure"
        )
    if missing:
        return (
            f"Entra has lost the synchronization secret {', '.join(missing)}: run pulumi up "
            "--refresh, which writes all of them"
        )
    if tuple(keys) != SECRET_KEYS:
        return (
            "Graph returns the synchronization secrets in another order than they were written: "
            "every refresh shows a change of SynchronizationSecret, which writes the same values "
            "again (20 seconds); harmless, but drift is only told without it"
        )
    return None


def check_clock(date: str | datetime | None, whose: str, findings: Findings) -> None:
    """Compare this machine's clock with the one in an answer's Date header."""
    if date is None:
        return
    theirs = parsedate_to_datetime(date) if isinstance(date, str) else date
    seconds = (datetime.now(UTC) - theirs).total_seconds()
    if abs(seconds) > SKEW_SECONDS:
        side = "ahead of" if seconds > 0 else "behind"
        findings.problem(
            "clock",
            f"this machine's clock is {abs(seconds):.0f} s {side} {whose}'s: signatures and "
            "assertions live five minutes; synchronize it (NTP)",
        )
