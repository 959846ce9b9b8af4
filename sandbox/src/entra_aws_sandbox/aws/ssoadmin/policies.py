"""AWS managed policies by ARN, and the limits of policies in a permission set."""

from __future__ import annotations

import json
from functools import cache

from entra_aws_sandbox.aws.errors import invalid, not_found, over_quota
from entra_aws_sandbox.aws.ssoadmin.state import PermissionSet

# User guide, "IAM Identity Center quotas": managed and customer managed policies together.
MAX_POLICIES = 20
# User guide, "IAM Identity Center quotas": characters of an inline policy without white space.
MAX_INLINE_CHARACTERS = 10_240

_PREFIX = "arn:aws:iam::aws:policy"


@cache
def _managed_policy_arns() -> frozenset[str]:
    """The ARNs of all AWS managed policies that moto knows, with their paths."""
    from moto.iam.aws_managed_policies import (  # noqa: PLC0415  (a megabyte of text, rarely needed)
        aws_managed_policies_data,
    )

    policies = json.loads(aws_managed_policies_data)
    return frozenset(
        f"{_PREFIX}{policy.get('Path', '/')}{name}" for name, policy in policies.items()
    )


def require_managed_policy(arn: str) -> None:
    """Raises ResourceNotFoundException unless AWS has a managed policy with this ARN."""
    if arn not in _managed_policy_arns():
        raise not_found(f"Policy does not exist with ARN: {arn}")


def require_room(permission_set: PermissionSet) -> None:
    """Raises ServiceQuotaExceededException if a permission set holds no further policy."""
    attached = len(permission_set.managed_policies) + len(permission_set.customer_policies)
    if attached >= MAX_POLICIES:
        raise over_quota(
            "You have exceeded AWS SSO limits. Cannot create ManagedPolicy more than "
            f"{MAX_POLICIES} for id {permission_set.arn}. Please refer to "
            "https://docs.aws.amazon.com/singlesignon/latest/userguide/limits.html"
        )


def require_policy_document(text: str) -> None:
    """Raises ValidationException unless the text is an IAM policy within the quota."""
    if sum(not character.isspace() for character in text) > MAX_INLINE_CHARACTERS:
        raise over_quota(
            f"The inline policy exceeds the limit of {MAX_INLINE_CHARACTERS} characters "
            "that are not white space."
        )
    try:
        document = json.loads(text)
    except ValueError:
        raise invalid("The policy is not in the valid JSON format.") from None
    statements = document.get("Statement") if isinstance(document, dict) else None
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list) or not statements:
        raise invalid("Policy document should have at least one statement.")
    for statement in statements:
        _require_statement(statement)


def _require_statement(statement: object) -> None:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise invalid("Policy statement must have the Effect Allow or Deny.")
    if ("Action" in statement) == ("NotAction" in statement):
        raise invalid("Policy statement must contain actions.")
    if ("Resource" in statement) == ("NotResource" in statement):
        raise invalid("Policy statement must contain resources.")
    if {"Principal", "NotPrincipal"} & statement.keys():
        raise invalid("Policy document should not specify a principal.")
