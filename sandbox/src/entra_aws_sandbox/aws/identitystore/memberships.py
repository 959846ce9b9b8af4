"""The operations of the identitystore API on memberships."""

from __future__ import annotations

from entra_aws_sandbox.aws.identitystore.shared import (
    DEFAULT_PAGE,
    Body,
    Handler,
    plain_id,
)
from entra_aws_sandbox.aws.identitystore.store import IdentityStore, Membership, missing
from entra_aws_sandbox.aws.paging import listed


def membership_handlers() -> dict[str, Handler]:
    """Operation → what answers it."""
    return {
        "CreateGroupMembership": _create_membership,
        "DescribeGroupMembership": _describe_membership,
        "DeleteGroupMembership": _delete_membership,
        "GetGroupMembershipId": _get_membership_id,
        "ListGroupMemberships": _list_memberships,
        "ListGroupMembershipsForMember": _list_memberships_for_member,
        "IsMemberInGroups": _is_member_in_groups,
    }


def _create_membership(store: IdentityStore, body: Body) -> Body:
    membership = store.add_membership(plain_id(body["GroupId"]), _member_id(body))
    return _membership_identity(store, membership)


def _describe_membership(store: IdentityStore, body: Body) -> Body:
    return _shown_membership(store, store.membership(plain_id(body["MembershipId"])))


def _delete_membership(store: IdentityStore, body: Body) -> Body:
    store.remove_membership(plain_id(body["MembershipId"]))
    return {}


def _get_membership_id(store: IdentityStore, body: Body) -> Body:
    group_id = plain_id(body["GroupId"])
    membership = store.membership_of(group_id, _member_id(body))
    if membership is None:
        raise missing("GROUP_MEMBERSHIP")
    return _membership_identity(store, membership)


def _list_memberships(store: IdentityStore, body: Body) -> Body:
    group = store.group(plain_id(body["GroupId"]))
    return _membership_page(store, body, store.members(group.id))


def _list_memberships_for_member(store: IdentityStore, body: Body) -> Body:
    user = store.user(_member_id(body))
    return _membership_page(store, body, list(store.groups_of(user.id)))


def _membership_page(store: IdentityStore, body: Body, found: list[Membership]) -> Body:
    return listed(
        "GroupMemberships",
        found,
        body,
        size=DEFAULT_PAGE,
        shown=lambda each: _shown_membership(store, each),
    )


def _is_member_in_groups(store: IdentityStore, body: Body) -> Body:
    user_id = _member_id(body)
    results = []
    for group_id in (plain_id(each) for each in body["GroupIds"]):
        exists = store.membership_of(store.group(group_id).id, user_id) is not None
        results.append(
            {"GroupId": group_id, "MemberId": {"UserId": user_id}, "MembershipExists": exists}
        )
    return {"Results": results}


def _membership_identity(store: IdentityStore, membership: Membership) -> Body:
    return {
        "IdentityStoreId": store.id,
        "MembershipId": membership.id,
        "MembershipArn": f"arn:aws:identitystore:::membership/{membership.id}",
    }


def _shown_membership(store: IdentityStore, membership: Membership) -> Body:
    return {
        **_membership_identity(store, membership),
        "GroupId": membership.group_id,
        "MemberId": {"UserId": membership.user_id},
        "CreatedAt": membership.created,
        "UpdatedAt": membership.created,
    }


def _member_id(body: Body) -> str:
    return plain_id(body["MemberId"].get("UserId", ""))
