"""The stack's own resources keep the names of older states as aliases; others have none."""

from __future__ import annotations

import pulumi
from google.protobuf.json_format import MessageToDict

from components import ScimProvisioning, ScimProvisioningArgs
from components.synced_principals import unknown
from federation.core import urn
from program.old_names import keep_old_resources, old_name
from program.placeholders import Placeholders
from tests.components.made import app, provisioning, trust
from tests.components.recorder import record

OLD = {
    (urn.APPLICATION, "enterprise-app"): ["application"],
    (urn.SERVICE_PRINCIPAL, "enterprise-app"): ["service-principal"],
    (urn.IDENTIFIER, "saml-trust"): ["identifier-uri"],
    (urn.REPLY_URLS, "saml-trust"): ["redirect-uris"],
    (urn.CERTIFICATE, "saml-trust/first"): ["signing-certificate-first"],
    (urn.CERTIFICATE, "saml-trust/second"): ["signing-certificate-second"],
    (urn.SYNCHRONIZATION_SECRET, "scim-provisioning"): ["secret"],
    (urn.SYNCHRONIZATION_JOB, "scim-provisioning"): ["job"],
}


def test_the_names_of_older_states_are_aliases() -> None:
    def program() -> None:
        one = app(opts=keep_old_resources())
        trust(one, opts=keep_old_resources())
        provisioning(one, opts=keep_old_resources())

    found = {
        (one.type, one.name): [alias.spec.name for alias in one.aliases]
        for one in record(program).requests
        if one.custom and (one.type, one.name) in OLD
    }
    assert found == OLD


def test_a_component_has_no_alias_of_its_own() -> None:
    def program() -> None:
        one = app()
        trust(one)
        provisioning(one)

    requests = record(program).requests
    assert not [one.name for one in requests if one.aliases and (one.type, one.name) in OLD]


def test_a_placeholder_is_what_an_older_state_has() -> None:
    """The service principal has failed: its id stays unknown."""
    known = {"servicePrincipalId": "/servicePrincipals/known"}
    chain = f"federation:entra:ScimProvisioning${urn.SYNCHRONIZATION_SECRET}"
    placeholders = Placeholders({f"urn:pulumi:stack::project::{chain}::secret": known})

    def program() -> None:
        ScimProvisioning(
            "scim-provisioning",
            ScimProvisioningArgs(
                service_principal_id=unknown(),
                endpoint="https://scim",
                access_token="hidden",
                notification_emails=[],
                delete_threshold=5,
            ),
            pulumi.ResourceOptions.merge(
                keep_old_resources(), pulumi.ResourceOptions(transformations=[placeholders.fill])
            ),
        )

    secret = record(program).of("SynchronizationSecret", "scim-provisioning")
    assert MessageToDict(secret.object)["servicePrincipalId"] == known["servicePrincipalId"]


def test_what_had_its_name_always_has_no_other() -> None:
    assert old_name(urn.ASSIGNMENT, "ReadOnly/group/platform/111122223333") is None
    assert old_name(urn.GROUP, "group/platform") is None
    assert old_name("federation:entra:EnterpriseApp", "enterprise-app") is None
    assert old_name(urn.ACCESS_ATTRIBUTES, "identity-center") == "access-control-attributes"
