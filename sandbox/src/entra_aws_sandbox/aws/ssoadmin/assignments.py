"""Account assignments: asked for now, there (or refused) a little later."""

from __future__ import annotations

from collections.abc import Callable

from entra_aws_sandbox.aws.errors import denied, not_found, throttled
from entra_aws_sandbox.aws.ssoadmin.common import Body, Handler, Site, page
from entra_aws_sandbox.aws.ssoadmin.provisioning import obstacle
from entra_aws_sandbox.aws.ssoadmin.state import Assignment
from entra_aws_sandbox.aws.wire import Call

CREATION, DELETION = "creation", "deletion"
_STATUS = {
    CREATION: "AccountAssignmentCreationStatus",
    DELETION: "AccountAssignmentDeletionStatus",
}


class Assignments:
    """Create, delete and list account assignments and follow the requests."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def handlers(self) -> dict[str, Handler]:
        """Operation → what answers it."""
        return {
            "CreateAccountAssignment": self._create,
            "DeleteAccountAssignment": self._delete,
            "DescribeAccountAssignmentCreationStatus": self._status(
                CREATION, "AccountAssignmentCreationRequestId"
            ),
            "DescribeAccountAssignmentDeletionStatus": self._status(
                DELETION, "AccountAssignmentDeletionRequestId"
            ),
            "ListAccountAssignmentCreationStatus": self._statuses(
                CREATION, "AccountAssignmentsCreationStatus"
            ),
            "ListAccountAssignmentDeletionStatus": self._statuses(
                DELETION, "AccountAssignmentsDeletionStatus"
            ),
            "ListAccountAssignments": self._list,
            "ListAccountAssignmentsForPrincipal": self._list_for_principal,
        }

    def _create(self, call: Call) -> Body:
        assignment = self._assignment(call)
        self._require_principal(assignment)
        limit = self._site.max_outstanding
        if limit is not None and self._site.jobs.outstanding(CREATION) >= limit:
            raise throttled("There are too many requests processing. Please try again later.")
        return self._start(call, CREATION, lambda: self._grant(assignment))

    def _delete(self, call: Call) -> Body:
        assignment = self._assignment(call)
        if assignment not in self._site.center.assignments(
            assignment.account_id, assignment.permission_set_arn
        ):
            raise not_found("Assignment not found.")
        return self._start(call, DELETION, lambda: self._revoke(assignment))

    def _start(self, call: Call, kind: str, work: Callable[[], str | None]) -> Body:
        about = {name: value for name, value in call.body.items() if name != "InstanceArn"}
        accounts = [call.body["TargetId"]]
        return {_STATUS[kind]: self._site.jobs.start(call.operation, kind, about, accounts, work)}

    def _grant(self, assignment: Assignment) -> str | None:
        """Carry out a creation; the reason if AWS cannot."""
        if assignment.permission_set_arn not in self._site.center.permission_sets:
            return "Received a 404 status error: PermissionSet not found."
        permission_set = self._site.center.permission_set(assignment.permission_set_arn)
        reason = obstacle(self._site.organization, permission_set, assignment.account_id)
        if reason is None:
            self._site.center.add_assignment(assignment)
        return reason

    def _revoke(self, assignment: Assignment) -> str | None:
        reason = obstacle(self._site.organization, None, assignment.account_id)
        if reason is None:
            self._site.center.remove_assignment(assignment)
        return reason

    def _assignment(self, call: Call) -> Assignment:
        """The assignment a request is about; its set and account must exist."""
        body, organization = call.body, self._site.organization
        account_id = body["TargetId"]
        permission_set = self._site.manageable(call)
        if organization.account(account_id) is None:
            raise not_found(f"Account {account_id} is not in the organization.")
        management = organization.management_account_id
        if account_id == management != call.account_id:
            raise denied(
                "You can't assign access to permission sets provisioned in the management account."
            )
        return Assignment(
            account_id, permission_set.arn, body["PrincipalType"], body["PrincipalId"]
        )

    def _require_principal(self, assignment: Assignment) -> None:
        store = self._site.store
        known = store and (store.groups if assignment.principal_type == "GROUP" else store.users)
        if not known or assignment.principal_id not in known:
            raise not_found(f"{assignment.principal_type} {assignment.principal_id} not found.")

    def _status(self, kind: str, member: str) -> Handler:
        return lambda call: {_STATUS[kind]: self._site.jobs.status(kind, call.body[member])}

    def _statuses(self, kind: str, member: str) -> Handler:
        def listed(call: Call) -> Body:
            state = call.body.get("Filter", {}).get("Status")
            return page(member, self._site.jobs.listed(kind, state), call)

        return listed

    def _list(self, call: Call) -> Body:
        permission_set = self._site.permission_set(call)
        assignments = self._site.center.assignments(call.body["AccountId"], permission_set.arn)
        return page("AccountAssignments", [_shown(assignment) for assignment in assignments], call)

    def _list_for_principal(self, call: Call) -> Body:
        """A person's assignments include those of her groups: the accounts she has access to."""
        principals = [call.body["PrincipalId"]]
        store = self._site.store
        if call.body["PrincipalType"] == "USER" and store is not None:
            principals += [each.group_id for each in store.groups_of(principals[0])]
        account_id = call.body.get("Filter", {}).get("AccountId")
        assignments = [
            assignment
            for principal in principals
            for assignment in self._site.center.assignments_of(principal)
            if account_id in (None, assignment.account_id)
        ]
        return page("AccountAssignments", [_shown(assignment) for assignment in assignments], call)


def _shown(assignment: Assignment) -> Body:
    return {
        "AccountId": assignment.account_id,
        "PermissionSetArn": assignment.permission_set_arn,
        "PrincipalType": assignment.principal_type,
        "PrincipalId": assignment.principal_id,
    }
