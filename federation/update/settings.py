"""The stack configuration (`Pulumi.<stack>.yaml`): what differs by environment, and the secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from federation.core.errors import InvalidInput, Problem, suggestion
from federation.core.source import Document, dotted, hidden_character, read_yaml
from federation.core.validation import keys_at
from federation.engine.phase import Phase
from federation.engine.unmanaged import UnmanagedPolicy
from federation.identity.saml_metadata import is_web_url

NAMESPACE: Final = "entra-identity-center"
_Model = TypeVar("_Model", bound=BaseModel)


def _must(sentence: str, holds: Callable[[str], object]) -> AfterValidator:
    """A validator whose message is a sentence instead of a pattern."""

    def check(value: str) -> str:
        if not holds(value):
            raise ValueError(sentence)
        return value

    return AfterValidator(check)


_EMAIL: Final = r"[^@\s,;<>]{1,64}@[^@\s,;<>]+\.[^@\s,;<>.]+"
_LABEL: Final = r"[A-Za-z0-9-]{1,32}"
_ROLE_ARN: Final = r"arn:aws(-[a-z]{1,5}){0,3}:iam::\d{12}:role/[\w+=,.@/-]+"

WebUrl = Annotated[str, _must("it must be an https URL", is_web_url)]
DisplayName = Annotated[
    str,
    # Graph, application resource: displayName has at most 256 characters.
    _must("it must have 1 to 256 characters", lambda value: 1 <= len(value) <= 256),
    _must(
        "it must not hold control or bidirectional characters",
        lambda value: hidden_character(value) is None,
    ),
]
Email = Annotated[
    str,
    _must("it must be an e-mail address", re.compile(_EMAIL).fullmatch),
    Field(json_schema_extra={"pattern": f"^{_EMAIL}$"}),
]
CertificateName = Annotated[
    str,
    _must(
        "a certificate's name must be 1 to 32 letters, digits or hyphens",
        re.compile(_LABEL).fullmatch,
    ),
    Field(json_schema_extra={"pattern": f"^{_LABEL}$"}),
]
RoleArn = Annotated[
    str,
    _must("it must be the ARN of an IAM role", re.compile(_ROLE_ARN).fullmatch),
    Field(json_schema_extra={"pattern": f"^{_ROLE_ARN}$"}),
]

# AWS SCIM developer guide: https://scim.<region>.amazonaws.com/<tenant id>/scim/v2, dual-stack
# api.aws.
_SCIM_ENDPOINT = re.compile(
    r"https://scim\.(?P<region>[a-z0-9-]+)\.(amazonaws\.com|amazonaws\.com\.cn|api\.aws)/[^/?#]+/scim/v2"
    r"|http://(127\.0\.0\.1|localhost):\d+/[^/?#]+/scim/v2"
)


class _Section(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


class StackSettings(_Section):
    """What every stack of this program may set, whether it federates or only gives access."""

    access: tuple[str, ...] = Field(
        min_length=1, description="Access file, or a list of files and globs: one per team."
    )
    accept_recreated: Mapping[str, str] = Field(
        default={}, description="New principal id by key, once a re-created principal was reviewed."
    )
    require_reviewed: bool = Field(
        default=False,
        description="Apply only what was reviewed: an update needs the hash of its access diff.",
    )
    unmanaged: UnmanagedPolicy = Field(
        default="report",
        description="What assignments made by hand come to: a warning, or (fail) an update that "
        "does all its work and then fails.",
    )

    @field_validator("access", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value


class EnterpriseAppSettings(_Section):
    """The gallery application in Entra (steps 5 to 7)."""

    name: DisplayName = Field(description="Display name of the enterprise application.")
    notification_emails: tuple[Email, ...] = Field(
        default=(),
        max_length=5,
        description="Who Entra reminds before a certificate expires, and of provisioning failures.",
    )
    signing_certificates: Mapping[CertificateName, date | Literal["retired"] | None] = Field(
        default={},
        description="Token-signing certificates beside the one named initial, by a name of yours, "
        "with their expiry (null: three years, Entra's default and maximum); retired: the program "
        "forgets it. Pulumi never deletes a certificate in Entra.",
    )

    @property
    def certificates(self) -> dict[str, date | None]:
        """Expiry by name of the certificates to keep: `initial`, until retired, and the others."""
        named = {"initial": None, **self.signing_certificates}
        return {name: expiry for name, expiry in named.items() if expiry != "retired"}


class ManagementAccess(_Section):
    """How to reach the management account when the stack runs as a delegated administrator."""

    role_arn: RoleArn | None = None
    profile: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.role_arn is None) == (self.profile is None):
            raise ValueError("it needs either roleArn or profile")
        return self


class IdentityCenterSettings(_Section):
    """What a person sets up in the IAM Identity Center console (steps 1 to 3)."""

    access_portal_url: WebUrl | None = Field(
        default=None, description="The AWS access portal URL (step 2); where people sign in."
    )
    service_provider_metadata: str | None = Field(
        default=None,
        min_length=1,
        description=(
            "Path of the SP metadata file (step 3), from the repository root. Absent: phase app."
        ),
    )
    management_access: ManagementAccess | None = None
    # AWS: at most 50 attributes for access control, each with exactly one source.
    access_control_attributes: Mapping[
        Annotated[str, Field(min_length=1, max_length=128)],
        Annotated[str, Field(pattern=r"^\$\{path:[A-Za-z0-9_.\[\]\" =-]+\}$")],
    ] = Field(
        default={}, max_length=50, description="Attributes for access control (ABAC) by tag key."
    )

    @model_validator(mode="after")
    def _portal_before_trust(self) -> Self:
        if self.service_provider_metadata and not self.access_portal_url:
            raise ValueError("serviceProviderMetadata needs accessPortalUrl beside it (step 2)")
        return self


class ProvisioningSettings(_Section):
    """The SCIM endpoint that a person enabled in the console (step 9)."""

    endpoint: str = Field(description="SCIM endpoint shown by Identity Center.")
    access_token: SecretStr = Field(
        min_length=1, description="Its access token; set with --secret."
    )
    token_expires: date = Field(description="When the token expires: one year after it was made.")
    # Entra's own default is 500; a leaver wave above this stops for a person instead of deleting.
    delete_threshold: int = Field(default=50, ge=1, le=100_000)
    wait_minutes: float = Field(
        default=5, ge=0, le=60, description="How long an update waits for principals to arrive."
    )

    @field_validator("endpoint")
    @classmethod
    def _scim(cls, value: str) -> str:
        value = value.removesuffix("/")
        if not _SCIM_ENDPOINT.fullmatch(value):
            raise ValueError(
                "it must look like https://scim.<region>.amazonaws.com/<tenant id>/scim/v2, "
                "as the Identity Center console shows it"
            )
        return value

    @property
    def region(self) -> str | None:
        """The region in the endpoint's host, None for an endpoint of this machine."""
        match = _SCIM_ENDPOINT.fullmatch(self.endpoint)
        return match["region"] if match else None


class Settings(StackSettings):
    """The whole stack configuration below `entra-identity-center:`."""

    enterprise_app: EnterpriseAppSettings
    identity_center: IdentityCenterSettings = IdentityCenterSettings()
    provisioning: ProvisioningSettings | None = Field(
        default=None, description="Absent: phase trust."
    )
    allow_phase_back: Phase | None = Field(
        default=None, description="The phase to which this stack may go back."
    )
    protect: bool = Field(
        default=False,
        description=(
            "Protect application, service principal, certificate, secret and job from deletion."
        ),
    )

    @model_validator(mode="after")
    def _trust_before_provisioning(self) -> Self:
        if self.provisioning and not self.identity_center.service_provider_metadata:
            raise ValueError(
                "provisioning comes after the SAML trust: set "
                "identityCenter.serviceProviderMetadata"
            )
        return self


def load_settings(values: Mapping[str, Any], *, file: str, content: bytes = b"") -> Settings:
    """Validate the configuration values (keys without namespace) of one stack.

    `file` names the stack's configuration file in messages, and `content` is its text, which only
    serves to tell lines and columns. Raises InvalidInput with every problem; no message repeats a
    value.
    """
    return load(Settings, values, file=file, content=content)


def check_token_is_secret(*, secret: bool, file: str, content: bytes) -> None:
    """Raise InvalidInput when the access token stands in the configuration in clear text.

    `secret` says whether the engine knows `provisioning` as secret. It does as soon as any value
    below is encrypted, so the file itself is read as well; the token may also come from elsewhere.
    """
    document = read_yaml(content, file)
    config = document.data.get("config") if isinstance(document.data, dict) else None
    entry = config.get(f"{NAMESPACE}:provisioning") if isinstance(config, dict) else None
    written = entry.get("accessToken") if isinstance(entry, dict) else None
    if secret and not isinstance(written, str):
        return
    key = f"{NAMESPACE}:provisioning.accessToken"
    place = document.locate(("config", f"{NAMESPACE}:provisioning", "accessToken"))
    raise InvalidInput(
        [
            Problem.at(
                place._replace(path=key),
                "the access token is readable in the configuration, and in previews: generate a "
                "new one in the IAM Identity Center console, and write it with pulumi config set "
                f"--secret --path '{key}'.",
            )
        ]
    )


def load(
    model: type[_Model], values: Mapping[str, Any], *, file: str, content: bytes = b""
) -> _Model:
    """Validate configuration values as another model of a stack's configuration."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        document = read_yaml(content, file)
        details = error.errors(include_url=False, include_input=False)
        raise InvalidInput([_problem(detail, document, model) for detail in details]) from None


def _problem(detail: Mapping[str, Any], document: Document, model: type[BaseModel]) -> Problem:
    path: tuple[str | int, ...] = tuple(detail["loc"])
    kind, message = detail["type"], str(detail["msg"]).removeprefix("Value error, ")
    if kind == "missing":
        message = "it is required"
    elif kind == "extra_forbidden":
        allowed = keys_at(model, path[:-1])
        message = f"there is no such key.{suggestion(str(path[-1]), allowed, intro='Allowed')}"
    top = [f"{NAMESPACE}:{path[0]}"] if path else []
    place = document.locate(("config", *top, *path[1:]), key=kind == "extra_forbidden")
    shown = f"{NAMESPACE}:{dotted(path)}" if path else NAMESPACE
    end = "" if message.endswith((".", "?")) else "."
    return Problem.at(place._replace(path=shown), message + end)
