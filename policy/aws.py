"""Rules about permission sets and the assignments that give them to people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pulumi_policy import (
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    StackValidationArgs,
)

from federation.access.administration import Level, administration
from federation.core.domain import duration_seconds, managed_policy_path
from policy.reading import (
    ASSIGNMENT,
    INLINE_POLICY,
    MANAGED_POLICY,
    PERMISSION_SET,
    document,
    is_excepted,
    known,
    of_type,
    owner,
)

ADMIN_SESSION: Final = "PT4H"
# AWS SDK model sso-admin, CreatePermissionSet: sessions last one hour unless said otherwise.
_DEFAULT_SESSION: Final = "PT1H"
_SHOWN: Final = 5


def no_wildcard_admin(args: ResourceValidationArgs, report: ReportViolation) -> None:
    """An inline policy that lets its holder gain every permission of the account."""
    if args.resource_type != INLINE_POLICY or is_excepted(args.name, _except(args.get_config())):
        return
    if _administers(args.props["inlinePolicy"]):
        report(
            f"the inline policy of {args.name} allows administration (everything, or changing the "
            "policies of any role): name the actions and resources that are needed, or except it.",
            None,
        )


def groups_not_users(args: ResourceValidationArgs, report: ReportViolation) -> None:
    """An assignment for one person."""
    if args.resource_type == ASSIGNMENT and known(args.props, "principalType", "") == "USER":
        report(
            f"{args.name} gives access to one person directly: a group in Entra shows it in every "
            "access review.",
            None,
        )


def protected_accounts(args: StackValidationArgs, report: ReportViolation) -> None:
    """Admin permission sets in accounts that are protected, unless excepted."""
    config = args.get_config()
    accounts = frozenset(map(str, config.get("accounts", ())))
    if not accounts:
        args.not_applicable("no protected accounts are configured")
    admin = admin_sets(args)
    for assignment in of_type(args, ASSIGNMENT):
        account = str(known(assignment.props, "targetId", ""))
        permission_set = owner(assignment, "permissionSetArn")
        if account not in accounts or permission_set not in admin:
            continue
        if not is_excepted(assignment.name, _except(config)):
            report(
                f"{assignment.name} gives an admin permission set ({admin[permission_set]}) in the "
                f"protected account {account}.",
                assignment.urn,
            )


def management_assignments(args: StackValidationArgs, report: ReportViolation) -> None:
    """A set with assignments in the management account and in others.

    A delegated administrator can't change a set that is provisioned in the management account, nor
    its assignments anywhere (IAM Identity Center user guide, "Delegated administration").
    """
    management = str(args.get_config().get("managementAccount", ""))
    if not management:
        args.not_applicable("managementAccount is not configured")
    by_set: dict[str, list[PolicyResource]] = defaultdict(list)
    for assignment in of_type(args, ASSIGNMENT):
        by_set[owner(assignment, "permissionSetArn")].append(assignment)
    names = {one.urn: one.name for one in of_type(args, PERMISSION_SET)}
    for permission_set, assignments in by_set.items():
        inside = [
            assignment
            for assignment in assignments
            if known(assignment.props, "targetId", "") == management
        ]
        if inside and len(inside) < len(assignments):
            shown = ", ".join(sorted(assignment.name for assignment in inside)[:_SHOWN])
            report(
                f"permission set {names.get(permission_set, permission_set)} has assignments in "
                f"the management account ({shown}) and in others: the delegated administrator "
                "would lose it everywhere; make a set of its own for the management account.",
                inside[0].urn,
            )


def session_length(args: StackValidationArgs, report: ReportViolation) -> None:
    """Sessions of admin permission sets that last too long."""
    config = args.get_config()
    limit = str(config.get("admin", ADMIN_SESSION))
    longest = duration_seconds(limit) or 0
    admin = admin_sets(args)
    for one in of_type(args, PERMISSION_SET):
        session = str(known(one.props, "sessionDuration", _DEFAULT_SESSION))
        is_admin = one.urn in admin or known(one.props, "arn", "") in admin
        if is_admin and (duration_seconds(session) or 0) > longest:
            report(
                f"the admin permission set {one.name} has sessions of {session}, longer than "
                f"{limit}: who takes one over keeps it as long.",
                one.urn,
            )


def revocable(args: ResourceValidationArgs, report: ReportViolation) -> None:
    """Protection on what has to go when access is revoked."""
    if args.resource_type in (ASSIGNMENT, PERMISSION_SET, MANAGED_POLICY, INLINE_POLICY) and (
        args.opts.protect
    ):
        report(f"{args.name} is protected, so that its access could not be revoked.", None)


def admin_sets(args: StackValidationArgs) -> dict[str, str]:
    """Admin permission sets by URN (by ARN for those of another stack), with the reason."""
    found: dict[str, str] = {}
    for permission_set, policy in _admin_policies(args):
        found.setdefault(permission_set, policy)
    # An assignment may name its set by ARN although both are in this stack.
    for one in of_type(args, PERMISSION_SET):
        arn = str(known(one.props, "arn", ""))
        reason = found.get(one.urn) or found.get(arn, "")
        if reason:
            found[one.urn] = reason
            if arn:
                found[arn] = reason
    return found


def _admin_policies(args: StackValidationArgs) -> Iterator[tuple[str, str]]:
    for attachment in of_type(args, MANAGED_POLICY):
        policy = managed_policy_path(str(known(attachment.props, "managedPolicyArn", "")))
        if administration(managed=[policy]).level() is Level.ADMIN:
            yield owner(attachment, "permissionSetArn"), policy
    for inline in of_type(args, INLINE_POLICY):
        if _administers(known(inline.props, "inlinePolicy", "")):
            yield owner(inline, "permissionSetArn"), "by its inline policy"


def _administers(policy: object) -> bool:
    try:
        return administration(inline=document(policy)).level() is Level.ADMIN
    except (AttributeError, TypeError):
        # No policy document: AWS refuses it.
        return False


def _except(config: Mapping[str, Any]) -> list[str]:
    return [str(pattern) for pattern in config.get("except", ())]
