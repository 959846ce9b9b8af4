"""AWS, emulated: Organizations, IAM Identity Center, its SCIM endpoint and its access portal.

sso-admin and identitystore are written here, because moto's answers to nearly every one of their
calls differ from AWS's; organizations, iam and sts are moto's, the first one corrected.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from threading import Lock
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from moto.core.base_backend import BackendDict

from entra_aws_sandbox.aws.app import Application
from entra_aws_sandbox.aws.console import Console
from entra_aws_sandbox.aws.control import Control
from entra_aws_sandbox.aws.faults import Faults, RateLimit
from entra_aws_sandbox.aws.gateway import Gateway
from entra_aws_sandbox.aws.identitystore.operations import IdentityStoreOperations
from entra_aws_sandbox.aws.identitystore.store import IdentityStore
from entra_aws_sandbox.aws.moto_state import moto_state, restore_moto
from entra_aws_sandbox.aws.organizations.operations import OrganizationsOperations
from entra_aws_sandbox.aws.policy import Users, deployment_user
from entra_aws_sandbox.aws.portal import Portal
from entra_aws_sandbox.aws.saml.source import IdentitySource
from entra_aws_sandbox.aws.scim.tokens import Tenant
from entra_aws_sandbox.aws.seed import load_seed, plant
from entra_aws_sandbox.aws.ssoadmin.common import Site
from entra_aws_sandbox.aws.ssoadmin.jobs import Jobs
from entra_aws_sandbox.aws.ssoadmin.operations import SsoAdminOperations
from entra_aws_sandbox.aws.ssoadmin.state import IdentityCenter
from entra_aws_sandbox.aws.wire import Call, Gate, JsonService
from entra_aws_sandbox.clock import Clock
from entra_aws_sandbox.memory import Frozen, freeze, thaw

__all__ = ["Aws"]


class Aws:
    """One organization and its Identity Center, served by `wsgi` at `base_url`.

    moto keeps its state once a process, so a process has one Aws at a time. `gates` see every API
    call before it is carried out (service, operation, caller) and may refuse it. `access_key` is
    the deployment's: its policy is the seed's, while every other key may do everything.
    """

    gateway: Gateway
    portal: Portal
    console: Console
    control: Control
    users: Users

    def __init__(self, *, clock: Clock, base_url: str, access_key: str = "") -> None:
        self._clock = clock
        self._lock = Lock()
        self._access_key = access_key
        self._seed = load_seed()
        self.base_url = base_url.rstrip("/")
        self.region = self._seed.region
        self.management_account_id = self._seed.management_account_id
        self.faults = Faults()
        self.rate_limit = RateLimit()
        self.gates: list[Gate] = []
        self.reset()

    def reset(self) -> None:
        """Back to the seed: the organization without Identity Center; no faults, no gates."""
        BackendDict.reset()
        self.faults.replace([])
        self.rate_limit.per_second = None
        self.users = Users(deployment_user(self._seed.document, self._access_key))
        self.gates[:] = [self.users.gate, self.faults.gate, self.rate_limit.gate]
        site = Site(
            clock=self._clock,
            center=IdentityCenter(),
            jobs=Jobs(self._clock, self.faults.fails),
            organization=plant(self._seed),
            home_region=self.region,
        )
        store_id = self._seed.identity_store_id
        source = IdentitySource(
            entity_id=f"https://{self.region}.signin.aws.amazon.com/platform/saml/{store_id}",
            base_url=self.base_url,
        )
        self._serve(site, source)

    def _serve(self, site: Site, source: IdentitySource) -> None:
        self.site, self.source, self.organization = site, source, site.organization
        self._services = [
            JsonService("sso-admin", SsoAdminOperations(self.site), self.gates),
            JsonService("identitystore", IdentityStoreOperations(self._store_of), self.gates),
            JsonService(
                "organizations",
                OrganizationsOperations(self.organization, self.site.center.remove_account),
                self.gates,
            ),
        ]
        self.gateway = Gateway(self._services, self.gates, self.users, self.management_account_id)
        self.portal = Portal(self.site, self.source, self.base_url)
        self.console = Console(self._seed, self.site, self.source, self.portal, self.base_url)
        self.control = Control(self)
        self._app = Application(self)
        self._scim: WSGIApplication | None = None

    def wsgi(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The WSGI application."""
        return self._app(environ, start_response)

    def freeze(self) -> Frozen:
        """A copy of the whole state, faults left out. Raises ValueError while requests run."""
        store = self.site.store
        with self.site.center.lock, store.lock if store else nullcontext():
            self.site.jobs.settle()
            if self.site.jobs.pending:
                raise ValueError(
                    f"Identity Center still works on {self.site.jobs.pending} requests: wait for "
                    "their end."
                )
            state = {
                "site": self.site,
                "source": self.source,
                "alias": self.portal.alias,
                "tenant": self.console.tenant,
                "policy": self.users.deployment and self.users.deployment.policy,
                "moto": moto_state(),
            }
            return freeze(state, keep=[self._clock, self.faults])

    def restore(self, frozen: Frozen) -> None:
        """Put a frozen state back, without faults; people are signed out of the portal."""
        self.reset()
        state = thaw(frozen)
        restore_moto(state["moto"])
        self._serve(state["site"], state["source"])
        self.portal.alias = state["alias"]
        self.console.tenant = state["tenant"]
        if self.users.deployment is not None:
            self.users.deployment.policy = state["policy"]

    def close(self) -> None:
        """Nothing to stop: the emulator has no threads of its own."""

    @property
    def violations(self) -> list[str]:
        """Answers of the emulator that broke botocore's models; empty in a healthy sandbox."""
        return [each for service in self._services for each in service.violations]

    def scim(self, tenant_id: str) -> WSGIApplication:
        """The SCIM application of a provisioning tenant; one that refuses all if there is none."""
        tenant, store = self.console.tenant, self.site.store
        if tenant is None or store is None or tenant.id != tenant_id:
            nothing = IdentityStore(identifier="", account_id="", issuer="", clock=self._clock)
            return self._scim_application(nothing, Tenant(self._clock))
        with self._lock:
            if self._scim is None:
                self._scim = self._scim_application(store, tenant)
            return self._scim

    def _scim_application(self, store: IdentityStore, tenant: Tenant) -> WSGIApplication:
        # Half of the emulator's start would be spent on what only the first SCIM request needs.
        from entra_aws_sandbox.aws.scim.app import ScimApplication  # noqa: PLC0415

        application: WSGIApplication = ScimApplication(store, tenant, self._clock, self.gates)
        return application

    def _store_of(self, call: Call) -> IdentityStore | None:
        """The identity store a caller sees: in the home region, as an administrator."""
        organization = self.organization
        administers = (
            call.account_id == self.management_account_id
            or organization.is_delegated_administrator(call.account_id)
        )
        return self.site.store if administers and call.region == self.region else None
