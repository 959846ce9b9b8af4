"""What the tests of the emulated AWS share: clients, console actions and an identity provider."""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from xml.etree import ElementTree as ET

import boto3
import urllib3
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from lxml.builder import ElementMaker
from minisignxml.sign import sign

from entra_aws_sandbox.aws import Aws
from entra_aws_sandbox.clock import Clock

MD = "urn:oasis:names:tc:SAML:2.0:metadata"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
DS = "http://www.w3.org/2000/09/xmldsig#"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"

GROUP_SCHEMAS = [
    "urn:ietf:params:scim:schemas:core:2.0:Group",
    "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
]
USER_SCHEMAS = [
    "urn:ietf:params:scim:schemas:core:2.0:User",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
]
PATCH_SCHEMAS = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]


class Cloud:
    """One emulated AWS and its clients."""

    def __init__(self, aws: Aws, clock: Clock) -> None:
        self.aws = aws
        self.clock = clock
        self.base_url = aws.base_url
        self.provisioning: dict[str, Any] = {}
        self.http = urllib3.PoolManager(retries=False)

    def client(
        self, service: str, *, region: str = "eu-west-1", key: str = "test", checks: bool = True
    ) -> Any:
        """A boto3 client of the emulator; it `checks` what it sends and never retries."""
        return boto3.client(
            service,
            endpoint_url=self.base_url,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 0}, parameter_validation=checks),
        )

    @cached_property
    def sso(self) -> Any:
        return self.client("sso-admin")

    @cached_property
    def store(self) -> Any:
        return self.client("identitystore")

    @cached_property
    def organizations(self) -> Any:
        return self.client("organizations")

    @property
    def instance(self) -> str:
        return "arn:aws:sso:::instance/ssoins-7223a1b2c3d4e5f6"

    @property
    def store_id(self) -> str:
        return "d-936712ab34"

    def member_client(self, service: str, account_id: str) -> Any:
        """A client with keys of a member account, got as people get them: by AssumeRole."""
        credentials = self.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{account_id}:role/OrganizationAccountAccessRole",
            RoleSessionName="test",
        )["Credentials"]
        return self.client(service, key=credentials["AccessKeyId"])

    def request(self, method: str, path: str, **options: Any) -> urllib3.BaseHTTPResponse:
        """A plain HTTP request; redirects are not followed."""
        url = path if path.startswith("http") else f"{self.base_url}{path}"
        return self.http.request(method, url, redirect=False, **options)

    def console(self, action: str, **body: Any) -> dict[str, Any]:
        """A console action that must succeed."""
        answer = self.try_console(action, **body)
        assert answer.status == 200, answer.data
        result: dict[str, Any] = answer.json()
        return result

    def try_console(self, action: str, **body: Any) -> urllib3.BaseHTTPResponse:
        """A console action, whatever comes of it."""
        return self.control(f"console/{action}", body)

    def control(self, path: str, body: dict[str, Any]) -> urllib3.BaseHTTPResponse:
        """A request to the control surface."""
        return self.request(
            "POST", f"/_sandbox/{path}", body=json.dumps(body), headers={"X-Sandbox": "1"}
        )

    def state(self) -> dict[str, Any]:
        """The summary for tests."""
        state: dict[str, Any] = self.control("state", {}).json()
        return state

    def scim(
        self, method: str, path: str, body: Any = None, *, token: str | None = None
    ) -> urllib3.BaseHTTPResponse:
        """A SCIM request as Entra makes it."""
        headers = {
            "Authorization": f"Bearer {token or self.provisioning['accessToken']}",
            "Content-Type": "application/scim+json",
        }
        text = json.dumps(body) if body is not None else None
        endpoint = self.provisioning["scimEndpoint"]
        return self.request(method, f"{endpoint}{path}", body=text, headers=headers)

    def scim_user(self, name: str, **changes: Any) -> str:
        """Create a person through SCIM; her id."""
        answer = self.scim("POST", "/Users", {**person(name), **changes})
        assert answer.status == 201, answer.data
        return str(answer.json()["id"])

    def scim_group(self, name: str, *members: str, **changes: Any) -> str:
        """Create a group through SCIM, as Entra: first the group, then its members."""
        body = {"schemas": GROUP_SCHEMAS, "displayName": name, "externalId": f"object-{name}"}
        answer = self.scim("POST", "/Groups", {**body, **changes})
        assert answer.status == 201, answer.data
        group_id = str(answer.json()["id"])
        if members:
            value = [{"$ref": None, "value": each} for each in members]
            added = self.patch_group(group_id, {"op": "Add", "path": "members", "value": value})
            assert added.status == 204, added.data
        return group_id

    def patch_group(self, group_id: str, *operations: Any) -> urllib3.BaseHTTPResponse:
        """A PatchGroup request."""
        body = {"schemas": PATCH_SCHEMAS, "Operations": list(operations)}
        return self.scim("PATCH", f"/Groups/{group_id}", body)

    def patch_user(self, user_id: str, *operations: Any) -> urllib3.BaseHTTPResponse:
        """A PatchUser request."""
        body = {"schemas": PATCH_SCHEMAS, "Operations": list(operations)}
        return self.scim("PATCH", f"/Users/{user_id}", body)

    def permission_set(self, name: str, **arguments: Any) -> str:
        """Create a permission set; its ARN."""
        answer = self.sso.create_permission_set(InstanceArn=self.instance, Name=name, **arguments)
        return str(answer["PermissionSet"]["PermissionSetArn"])

    def group(self, name: str) -> str:
        """Create a group by hand; its id."""
        answer = self.store.create_group(IdentityStoreId=self.store_id, DisplayName=name)
        return str(answer["GroupId"])

    def assign(self, permission_set: str, account: str, principal: str, kind: str = "GROUP") -> Any:
        """Ask for an assignment and follow the request to its end."""
        request = self.sso.create_account_assignment(
            **self.assignment(permission_set, account, principal, kind)
        )["AccountAssignmentCreationStatus"]
        assert request["Status"] == "IN_PROGRESS"
        return self.sso.describe_account_assignment_creation_status(
            InstanceArn=self.instance, AccountAssignmentCreationRequestId=request["RequestId"]
        )["AccountAssignmentCreationStatus"]

    def unassign(
        self, permission_set: str, account: str, principal: str, kind: str = "GROUP"
    ) -> Any:
        """Ask for a deletion and follow the request to its end."""
        request = self.sso.delete_account_assignment(
            **self.assignment(permission_set, account, principal, kind)
        )["AccountAssignmentDeletionStatus"]
        return self.sso.describe_account_assignment_deletion_status(
            InstanceArn=self.instance, AccountAssignmentDeletionRequestId=request["RequestId"]
        )["AccountAssignmentDeletionStatus"]

    def assignment(
        self, permission_set: str, account: str, principal: str, kind: str = "GROUP"
    ) -> dict[str, str]:
        """The members that every assignment request has."""
        return {
            "InstanceArn": self.instance,
            "PermissionSetArn": permission_set,
            "TargetId": account,
            "TargetType": "AWS_ACCOUNT",
            "PrincipalId": principal,
            "PrincipalType": kind,
        }

    def trust(self, idp: Idp) -> None:
        """Make an identity provider the identity source, as a person does."""
        metadata = self.console("external-idp")["serviceProviderMetadata"]
        idp.read(metadata)
        self.console("upload-idp-metadata", metadata=idp.metadata())


@dataclass
class Signer:
    """A token-signing key and its certificate."""

    common_name: str = "Federated SSO Certificate"
    days: int = 365
    key: rsa.RSAPrivateKey = field(init=False)
    certificate: x509.Certificate = field(init=False)

    def __post_init__(self) -> None:
        self.key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.common_name)])
        now = datetime.now(UTC)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=self.days))
            .sign(self.key, hashes.SHA256())
        )

    @property
    def base64(self) -> str:
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        return base64.b64encode(der).decode()


class Idp:
    """An identity provider of the tests: metadata and signed responses."""

    entity_id = "https://sts.windows.net/8d3f0d5e-6c1b-4f0e-9a57-0c2f6a1b7e10/"
    sso_url = "http://127.0.0.1:9/saml2"

    def __init__(self) -> None:
        self.signers = [Signer()]
        self.audience = ""
        self.acs_urls: list[str] = []

    def read(self, service_provider_metadata: str) -> None:
        """Learn where responses go to."""
        root = ET.fromstring(service_provider_metadata)  # noqa: S314  (the emulator wrote it)
        self.audience = root.get("entityID", "")
        consumers = root.iter(f"{{{MD}}}AssertionConsumerService")
        self.acs_urls = [each.get("Location", "") for each in consumers]

    def metadata(self, *, signers: list[Signer] | None = None) -> str:
        """Federation metadata."""
        md = ElementMaker(namespace=MD, nsmap={None: MD})
        ds = ElementMaker(namespace=DS, nsmap={"ds": DS})
        keys = [
            md.KeyDescriptor(
                ds.KeyInfo(ds.X509Data(ds.X509Certificate(each.base64))), use="signing"
            )
            for each in signers or self.signers
        ]
        service = md.SingleSignOnService(
            Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect", Location=self.sso_url
        )
        role = md.IDPSSODescriptor(*keys, service, protocolSupportEnumeration=PROTOCOL)
        text: bytes = etree.tostring(md.EntityDescriptor(role, entityID=self.entity_id))
        return text.decode()

    def response(
        self,
        name_id: str | None,
        now: datetime,
        *,
        recipient: str | None = None,
        audience: str | None = None,
        lifetime: timedelta = timedelta(minutes=5),
        in_response_to: str | None = None,
        signer: Signer | None = None,
        signed: bool = True,
    ) -> bytes:
        """A response with one assertion, signed as Entra signs: the assertion alone."""
        signer = signer or self.signers[0]
        place = recipient or self.acs_urls[0]
        answers = {"InResponseTo": in_response_to} if in_response_to else {}
        samlp = ElementMaker(namespace=PROTOCOL, nsmap={"samlp": PROTOCOL})
        saml = ElementMaker(namespace=ASSERTION, nsmap={None: ASSERTION})
        confirmation = saml.SubjectConfirmationData(
            Recipient=place, NotOnOrAfter=_time(now + lifetime), **answers
        )
        assertion = saml.Assertion(
            saml.Issuer(self.entity_id),
            saml.Subject(
                *([saml.NameID(name_id, Format=EMAIL)] if name_id is not None else []),
                saml.SubjectConfirmation(
                    confirmation, Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"
                ),
            ),
            saml.Conditions(
                saml.AudienceRestriction(saml.Audience(audience or self.audience)),
                NotBefore=_time(now - timedelta(minutes=5)),
                NotOnOrAfter=_time(now + lifetime),
            ),
            saml.AuthnStatement(
                saml.AuthnContext(
                    saml.AuthnContextClassRef("urn:oasis:names:tc:SAML:2.0:ac:classes:Password")
                ),
                AuthnInstant=_time(now),
                SessionIndex="_session",
            ),
            ID=f"_{uuid.uuid4().hex}",
            IssueInstant=_time(now),
            Version="2.0",
        )
        response = samlp.Response(
            saml.Issuer(self.entity_id),
            samlp.Status(samlp.StatusCode(Value="urn:oasis:names:tc:SAML:2.0:status:Success")),
            assertion,
            ID=f"_{uuid.uuid4().hex}",
            IssueInstant=_time(now),
            Version="2.0",
            Destination=place,
            **answers,
        )
        if signed:
            document: bytes = sign(
                element=assertion, private_key=signer.key, certificate=signer.certificate, index=1
            )
            return document
        plain: bytes = etree.tostring(response)
        return plain


def post_response(cloud: Cloud, acs_url: str, document: bytes) -> urllib3.BaseHTTPResponse:
    """Post a response as a browser does."""
    fields = {"SAMLResponse": base64.b64encode(document).decode()}
    return cloud.request("POST", acs_url, fields=fields, encode_multipart=False)


def person(name: str) -> dict[str, Any]:
    """A person as Entra sends one."""
    return {
        "schemas": USER_SCHEMAS,
        "externalId": name,
        "userName": f"{name}@example.com",
        "active": True,
        "displayName": name.title(),
        "emails": [{"primary": True, "type": "work", "value": f"{name}@example.com"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": name.title(), "familyName": "Example", "givenName": name.title()},
        USER_SCHEMAS[1]: {"department": "Research"},
    }


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
