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

from federation.access.administration import Administration, Level, administration
from federation.access.guards import spoken
from federation.access.iam_matching import statements
from federation.core.domain import duration_seconds
from policy.reading import (
    ASSIGNMENT,
    BOUNDARY,
    CUSTOMER_POLICY,
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
    policy = document(args.props["inlinePolicy"])
    found = administration(inline=policy) if _is_policy(policy) else Administration()
    reason = found.why()
    if reason is not None and found.level() is Level.ADMIN:
        report(
            f"the inline policy of {args.name} allows administration ({spoken(reason)}): name the "
            "actions and resources that are needed, or except it.",
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
    for assignment, account, reason in _protected(args, Level.ADMIN):
        report(
            f"{assignment.name} gives an admin permission set in the protected account {account}: "
            f"{reason}.",
            assignment.urn,
        )


def escalation(args: StackValidationArgs, report: ReportViolation) -> None:
    """Permission sets that may lead to administration in protected accounts, unless excepted."""
    for assignment, account, reason in _protected(args, Level.ESCALATES):
        report(
            f"{assignment.name} gives a permission set that may lead to administration in the "
            f"protected account {account}: {reason}.",
            assignment.urn,
        )


def _protected(
    args: StackValidationArgs, level: Level
) -> Iterator[tuple[PolicyResource, str, str]]:
    """Assignments of sets of a level in protected accounts: with the account, and the reason."""
    config = args.get_config()
    accounts = frozenset(map(str, config.get("accounts", ())))
    if not accounts:
        args.not_applicable("no protected accounts are configured")
    sets = _sets(args, frozenset(map(str, config.get("harmless", ()))))
    for assignment in of_type(args, ASSIGNMENT):
        account = str(known(assignment.props, "targetId", ""))
        if account not in accounts or is_excepted(assignment.name, _except(config)):
            continue
        found = sets.get(owner(assignment, "permissionSetArn"), Administration())
        management = account == config.get("managementAccount")
        reason = found.why(management=management)
        if reason is not None and found.level(management=management) is level:
            yield assignment, account, spoken(reason)


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
    sets = _sets(args)
    for one in of_type(args, PERMISSION_SET):
        session = str(known(one.props, "sessionDuration", _DEFAULT_SESSION))
        is_admin = sets.get(one.urn, Administration()).level() is Level.ADMIN
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


def _sets(
    args: StackValidationArgs, harmless: frozenset[str] = frozenset()
) -> dict[str, Administration]:
    """What each permission set's policies come to together, by its URN and, once known, its ARN
    (by ARN for those of another stack). `harmless` are customer-managed policies, path and name.
    """
    parts: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    # An assignment may name its set by ARN although both are in this stack.
    arns = {one.urn: str(known(one.props, "arn", "")) for one in of_type(args, PERMISSION_SET)}
    urns = {arn: urn for urn, arn in arns.items() if arn}
    for one in of_type(args, MANAGED_POLICY, INLINE_POLICY, CUSTOMER_POLICY, BOUNDARY):
        of = owner(one, "permissionSetArn")
        values = _policies(one)
        parts[urns.get(of, of)][one.resource_type] += [value for value in values if value]
    found = {}
    for key, policies in parts.items():
        inline = [one for policy in policies[INLINE_POLICY] for one in statements(policy)]
        found[key] = administration(
            managed=policies[MANAGED_POLICY],
            inline={"Statement": inline},
            customer=set(policies[CUSTOMER_POLICY]) - harmless,
            # A set has one boundary: of several, nobody knows which will hold.
            boundary=policies[BOUNDARY][0] if len(policies[BOUNDARY]) == 1 else None,
        )
    return found | {arns[key]: one for key, one in found.items() if arns.get(key)}


def _policies(resource: PolicyResource) -> Iterator[Any]:
    """The policies of an attachment; none that is not known before the update."""
    props = resource.props
    if resource.resource_type == MANAGED_POLICY:
        yield known(props, "managedPolicyArn", "")
    elif resource.resource_type == INLINE_POLICY:
        policy = document(known(props, "inlinePolicy", ""))
        if _is_policy(policy):
            yield policy
    elif resource.resource_type == BOUNDARY:
        yield known(known(props, "permissionsBoundary", {}), "managedPolicyArn", "")
    else:
        reference: Mapping[str, Any] = known(props, "customerManagedPolicyReference", {})
        name = known(reference, "name", "(not known before the update)")
        yield f"{known(reference, 'path', '/')}{name}"


def _is_policy(policy: Mapping[str, Any]) -> bool:
    """Whether a document holds statements; AWS refuses others."""
    try:
        return all(isinstance(one, Mapping) for one in statements(policy))
    except TypeError:
        return False


def _except(config: Mapping[str, Any]) -> list[str]:
    return [str(pattern) for pattern in config.get("except", ())]
