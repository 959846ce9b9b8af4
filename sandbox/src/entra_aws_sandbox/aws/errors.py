"""The one way an emulated AWS operation fails: a code of the service's model and a sentence."""

from __future__ import annotations

from typing import Any


class AwsError(Exception):
    """An error answer, as the JSON 1.1 protocol of AWS carries it.

    `code` is the name of an error shape (`ConflictException`), `members` are further members of
    that shape, such as `Reason` or `ResourceType`.
    """

    def __init__(self, code: str, message: str, *, status: int = 400, **members: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.members = members


def not_found(message: str, **members: Any) -> AwsError:
    """The `ResourceNotFoundException` of sso-admin and identitystore."""
    return AwsError("ResourceNotFoundException", message, **members)


def conflict(message: str, **members: Any) -> AwsError:
    """The `ConflictException` of sso-admin and identitystore."""
    return AwsError("ConflictException", message, **members)


def invalid(message: str) -> AwsError:
    """The `ValidationException` of sso-admin and identitystore."""
    return AwsError("ValidationException", message)


def denied(message: str) -> AwsError:
    """The `AccessDeniedException` every JSON service knows."""
    return AwsError("AccessDeniedException", message)


def throttled(message: str) -> AwsError:
    """The `ThrottlingException` of sso-admin and identitystore."""
    return AwsError("ThrottlingException", message)


def over_quota(message: str) -> AwsError:
    """The `ServiceQuotaExceededException` of sso-admin and identitystore."""
    return AwsError("ServiceQuotaExceededException", message)
