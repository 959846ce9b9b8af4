"""What a person does in the AWS console, because no API does it (`/_sandbox/console/<action>`)."""

from __future__ import annotations

import re

from entra_aws_sandbox.aws.identitystore.store import IdentityStore
from entra_aws_sandbox.aws.portal import Portal
from entra_aws_sandbox.aws.saml.metadata import service_provider_metadata
from entra_aws_sandbox.aws.saml.source import IdentitySource
from entra_aws_sandbox.aws.scim.tokens import Tenant, Token
from entra_aws_sandbox.aws.seed import Seed
from entra_aws_sandbox.aws.ssoadmin.common import Site
from entra_aws_sandbox.aws.ssoadmin.state import Instance
from entra_aws_sandbox.clock import iso
from entra_aws_sandbox.surface import Action, ActionError, Body

_ALIAS = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class ConsoleError(ActionError):
    """What the console would say; `status` is 409 out of order, 400 for wrong input."""

    def __init__(self, message: str, status: int = 409) -> None:
        super().__init__(message, status)


class Console:
    """The settings pages of IAM Identity Center."""

    def __init__(
        self, seed: Seed, site: Site, source: IdentitySource, portal: Portal, base_url: str
    ) -> None:
        self.tenant: Tenant | None = None
        self._seed = seed
        self._site = site
        self._source = source
        self._portal = portal
        self._base_url = base_url
        self.actions: dict[str, Action] = {
            name: self._locked(action)
            for name, action in {
                "enable": self._enable,
                "portal-url": self._portal_url,
                "external-idp": self._external_idp,
                "upload-idp-metadata": self._upload,
                "provisioning": self._provisioning,
                "rotate-token": self._rotate,
                "delete-token": self._delete_token,
                "delete": self._delete,
            }.items()
        }

    def _locked(self, action: Action) -> Action:
        def act(body: Body) -> Body:
            with self._site.center.lock:
                return action(body)

        return act

    @property
    def scim_endpoint(self) -> str | None:
        """Where SCIM clients write to, once automatic provisioning is enabled."""
        return f"{self._base_url}/{self.tenant.id}/scim/v2" if self.tenant else None

    def _enable(self, _body: Body) -> Body:
        if self._site.center.instance is not None:
            raise ConsoleError("IAM Identity Center is enabled already.")
        owner = self._site.organization.management_account_id
        self._site.store = IdentityStore(
            identifier=self._seed.identity_store_id,
            account_id=owner,
            issuer=f"https://scim.aws.com/{self._seed.identity_store_id}",
            clock=self._site.clock,
        )
        instance = Instance(
            arn=f"arn:aws:sso:::instance/{self._seed.instance_id}",
            identity_store_id=self._site.store.id,
            identity_store_arn=self._site.store.arn,
            owner_account_id=owner,
            region=self._site.home_region,
            created=self._site.clock.now(),
        )
        self._site.center.instance = instance
        return {
            "instanceArn": instance.arn,
            "identityStoreId": instance.identity_store_id,
            "region": instance.region,
            "accessPortalUrl": self._portal.url,
        }

    def _portal_url(self, body: Body) -> Body:
        self._require_instance()
        alias = body.get("alias")
        if not isinstance(alias, str) or not _ALIAS.fullmatch(alias) or alias.startswith("d-"):
            raise ConsoleError(
                "The subdomain must be 1 to 63 lower-case letters, digits and hyphens, and must "
                "not begin with d-.",
                400,
            )
        if self._portal.alias is not None:
            raise ConsoleError("The AWS access portal URL can be customised only once.")
        self._portal.alias = alias
        return {"accessPortalUrl": self._portal.url}

    def _external_idp(self, _body: Body) -> Body:
        self._require_instance()
        metadata = service_provider_metadata(self._source.begin_change())
        return {"serviceProviderMetadata": metadata, "accessPortalUrl": self._portal.url}

    def _upload(self, body: Body) -> Body:
        self._require_instance()
        metadata = body.get("metadata")
        if not isinstance(metadata, str):
            raise ConsoleError("Choose the IdP SAML metadata file.", 400)
        if self._source.pending is None and self._source.active is None:
            raise ConsoleError("Choose External identity provider as the identity source first.")
        try:
            uploaded = self._source.upload(metadata)
        except ValueError as error:
            raise ConsoleError(str(error), 400) from None
        return {
            "entityId": uploaded.entity_id,
            "certificates": [
                {"thumbprint": each.thumbprint, "notAfter": iso(each.not_after)}
                for each in uploaded.certificates
            ],
        }

    def _provisioning(self, _body: Body) -> Body:
        self._require_instance()
        if self._source.active is None:
            raise ConsoleError(
                "Automatic provisioning needs an external identity provider as identity source."
            )
        if self.tenant is not None:
            raise ConsoleError("Automatic provisioning is enabled already.")
        self.tenant = Tenant(self._site.clock)
        return self._shown_token(self.tenant.new_token())

    def _rotate(self, _body: Body) -> Body:
        try:
            return self._shown_token(self._require_tenant().new_token())
        except ValueError as error:
            raise ConsoleError(str(error)) from None

    def _delete_token(self, body: Body) -> Body:
        token_id = body.get("tokenId")
        if token_id is None and body.get("oldest") is not True:
            raise ConsoleError("Choose a token: give its tokenId, or oldest: true.", 400)
        try:
            deleted = self._require_tenant().delete_token(token_id)
        except ValueError as error:
            raise ConsoleError(str(error)) from None
        return {"tokenId": deleted.id}

    def _delete(self, _body: Body) -> Body:
        raise ConsoleError("The sandbox never deletes the instance: nothing would be left of it.")

    def _shown_token(self, token: Token) -> Body:
        """A new token: "the only time where you can obtain the access token" (user guide)."""
        return {
            "scimEndpoint": self.scim_endpoint,
            "accessToken": token.secret,
            "tokenId": token.id,
            "expires": token.expires.date().isoformat(),
            "expiresAt": iso(token.expires),
        }

    def _require_instance(self) -> None:
        if self._site.center.instance is None:
            raise ConsoleError("Enable IAM Identity Center first.")

    def _require_tenant(self) -> Tenant:
        self._require_instance()
        if self.tenant is None:
            raise ConsoleError("Enable automatic provisioning first.")
        return self.tenant
