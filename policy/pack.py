"""Every rule with its level and its configuration (`--policy-pack-config`)."""

from __future__ import annotations

from typing import Any, Final

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    ResourceValidation,
    ResourceValidationPolicy,
    StackValidation,
    StackValidationPolicy,
)

from policy import aws, entra

NAME: Final = "entra-identity-center"
MANDATORY: Final = EnforcementLevel.MANDATORY
ADVISORY: Final = EnforcementLevel.ADVISORY
DISABLED: Final = EnforcementLevel.DISABLED

_ACCOUNT: Final = {"type": "string", "pattern": "^[0-9]{12}$"}
_EXCEPT: Final = {
    "type": "array",
    "items": {"type": "string"},
    "description": "Globs of logical names that the rule leaves alone.",
}
_PROTECTED: Final[dict[str, Any]] = {
    "accounts": {"type": "array", "items": _ACCOUNT},
    "managementAccount": _ACCOUNT,
    "harmless": {
        "type": "array",
        "items": {"type": "string", "pattern": "^/"},
        "description": "Customer-managed policies that lead to no administration: /team/deploy.",
    },
    "except": _EXCEPT,
}
_COUNT: Final = {"type": "integer", "minimum": 1}


def _resource(
    name: str,
    level: EnforcementLevel,
    description: str,
    check: ResourceValidation,
    **config: dict[str, Any],
) -> Policy:
    return ResourceValidationPolicy(
        name=name,
        description=description,
        validate=check,
        enforcement_level=level,
        config_schema=PolicyConfigSchema(config) if config else None,
    )


def _stack(
    name: str,
    level: EnforcementLevel,
    description: str,
    check: StackValidation,
    **config: dict[str, Any],
) -> Policy:
    return StackValidationPolicy(
        name=name,
        description=description,
        validate=check,
        enforcement_level=level,
        config_schema=PolicyConfigSchema(config) if config else None,
    )


POLICIES: Final[list[Policy]] = [
    _resource(
        "no-wildcard-admin",
        MANDATORY,
        "Inline policies don't allow administration.",
        aws.no_wildcard_admin,
        **{"except": _EXCEPT},
    ),
    _stack(
        "protected-accounts",
        MANDATORY,
        "Admin permission sets stay out of protected accounts.",
        aws.protected_accounts,
        **_PROTECTED,
    ),
    _stack(
        "protected-accounts-escalation",
        ADVISORY,
        "Permission sets that may lead to administration stay out of protected accounts.",
        aws.escalation,
        **_PROTECTED,
    ),
    _stack(
        "management-assignments",
        MANDATORY,
        "A permission set with assignments in the management account has no others.",
        aws.management_assignments,
        managementAccount=_ACCOUNT,
    ),
    _stack(
        "admin-session-length",
        MANDATORY,
        "Sessions of admin permission sets are short.",
        aws.session_length,
        admin={"type": "string", "pattern": "^PT[0-9HMS]+$"},
    ),
    _resource(
        "revocable",
        MANDATORY,
        "Access can always be revoked.",
        aws.revocable,
    ),
    _resource(
        "groups-not-users",
        ADVISORY,
        "Access is given to groups.",
        aws.groups_not_users,
    ),
    _resource(
        "assignment-required",
        MANDATORY,
        "Only assigned people and groups may use a SAML application.",
        entra.assignment_required,
    ),
    _stack(
        "saml-sign-on",
        MANDATORY,
        "A federated application signs on by SAML, and only assigned people.",
        entra.saml_sign_on,
    ),
    _resource(
        "reply-urls",
        MANDATORY,
        "Sign-ins go to AWS and to nobody else.",
        entra.reply_urls,
        loopback={"type": "boolean", "description": "Allow a URL on this machine."},
        **{"except": _EXCEPT},
    ),
    _resource(
        "certificate-lifetime",
        MANDATORY,
        "Signing certificates don't outlive what Entra itself issues.",
        entra.certificate_lifetime,
        years={"type": "number", "exclusiveMinimum": 0},
    ),
    _stack(
        "certificate-expiry",
        ADVISORY,
        "A signing certificate is rolled over before it expires.",
        entra.certificate_expiry,
        days=_COUNT,
    ),
    _stack(
        "scim-endpoint",
        MANDATORY,
        "Provisioning sends its token to AWS, in the region of the stack, over https.",
        entra.scim_endpoint,
        region={"type": "string", "minLength": 1},
        loopback={"type": "boolean", "description": "Allow an endpoint on this machine."},
    ),
    _resource(
        "scim-scope",
        MANDATORY,
        "Only assigned people and groups are provisioned.",
        entra.scim_scope,
    ),
    _resource(
        "delete-threshold",
        MANDATORY,
        "Provisioning stops before it deletes many.",
        entra.delete_threshold,
        highest=_COUNT,
    ),
    _resource(
        "provisioning-enabled",
        ADVISORY,
        "Provisioning is switched on.",
        entra.provisioning_enabled,
    ),
    _resource(
        "protected",
        DISABLED,
        "What a production federation can't lose is protected.",
        entra.protected,
    ),
]
