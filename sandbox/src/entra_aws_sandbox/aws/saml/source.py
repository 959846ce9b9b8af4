"""The identity source: which SAML identity provider the access portal trusts, if any."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace

from entra_aws_sandbox.aws.saml.metadata import (
    IdentityProvider,
    ServiceProvider,
    read_identity_provider,
)


@dataclass(frozen=True)
class Trust:
    """A service provider and the identity provider whose metadata a person uploaded for it."""

    service_provider: ServiceProvider
    identity_provider: IdentityProvider


@dataclass
class IdentitySource:
    """At first Identity Center's own directory (`active` is None), later an external provider."""

    entity_id: str
    base_url: str
    active: Trust | None = None
    pending: ServiceProvider | None = field(default=None)

    def begin_change(self) -> ServiceProvider:
        """The service provider of a change to an external provider; the page may stay open."""
        if self.pending is None:
            self.pending = ServiceProvider(self.entity_id, self.base_url, str(uuid.uuid4()))
        return self.pending

    def upload(self, metadata: str) -> IdentityProvider:
        """Finish a pending change, or import further certificates of the active provider.

        Raises ValueError with a sentence if there is nothing to finish or the metadata is wrong.
        """
        if self.pending is None and self.active is None:
            raise ValueError(
                "There is no pending change of the identity source: choose External identity "
                "provider first."
            )
        uploaded = read_identity_provider(metadata)
        if self.pending is not None:
            self.active, self.pending = Trust(self.pending, uploaded), None
        elif self.active is not None:
            self.active = replace(
                self.active,
                identity_provider=self.active.identity_provider.with_certificates_of(uploaded),
            )
        return uploaded
