"""AWS, as far as the program asks it directly: caller, instance, organization, principals.

Every function makes list calls only: their number depends on pages and organizational units, never
on assignments, groups or (unless a rule selects by tag) accounts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from federation.access.organization import Organization, parents_in
from federation.core.domain import one_spelling
from federation.identity.instance import Instance
from federation.identity.principals import IdentityStorePrincipal
from federation.update.set_repairs import NO_TAGS, IgnoredTags

# AWS user guide, "Quotas": sso-admin answers 20 requests a second in all; ten at once stay below.
CONCURRENCY = 10
# How often the organization is read when accounts move meanwhile.
_READINGS = 3
_CONFIG = Config(
    retries={"mode": "adaptive", "max_attempts": 8},
    max_pool_connections=CONCURRENCY,
    connect_timeout=10,
    read_timeout=30,
)


class AwsError(RuntimeError):
    """A call that AWS refused or that never arrived; the message is one sentence for a person.

    `code` is AWS's own, as `ConflictException`, "" for a call that never arrived.
    """

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Aws:
    """Clients of one account and region; nothing is called before the first list.

    `ignored_tags` are those that the provider is told to leave alone.
    """

    region: str | None = None
    profile: str | None = None
    role_arn: str | None = None
    ignored_tags: IgnoredTags = NO_TAGS

    @classmethod
    def connect(cls, config: Mapping[str, Any]) -> Aws:
        """Clients from the `aws:` configuration (keys without namespace) and AWS_* variables."""
        roles = config.get("assumeRoles") or []
        return cls(
            region=config.get("region"),
            profile=config.get("profile"),
            role_arn=roles[0].get("roleArn") if roles else None,
            ignored_tags=IgnoredTags.read(config),
        )

    @cached_property
    def session(self) -> boto3.Session:
        """The session of the environment or profile, with the role assumed when one is set.

        Raises AwsError for an unknown profile and a refused role.
        """
        session: boto3.Session = _ask(
            lambda: boto3.Session(region_name=self.region, profile_name=self.profile)
        )
        if not self.role_arn:
            return session
        sts = session.client("sts", config=_CONFIG)
        answer = _ask(
            lambda: sts.assume_role(RoleArn=self.role_arn, RoleSessionName="entra-identity-center")[
                "Credentials"
            ]
        )
        return boto3.Session(
            aws_access_key_id=answer["AccessKeyId"],
            aws_secret_access_key=answer["SecretAccessKey"],
            aws_session_token=answer["SessionToken"],
            region_name=session.region_name,
        )

    def client(self, service: str) -> Any:
        """A boto3 client with adaptive retries."""
        return self.session.client(service, config=_CONFIG)

    @property
    def region_name(self) -> str:
        """The region in use. Raises AwsError when none is configured."""
        name = self.session.region_name
        if not name:
            raise AwsError("no AWS region is configured: set aws:region in the stack configuration")
        return str(name)

    def caller_account_id(self) -> str:
        """Account of the credentials in use (sts GetCallerIdentity)."""
        return str(_ask(lambda: self.client("sts").get_caller_identity()["Account"]))

    def instances(self) -> list[Instance]:
        """Every instance visible in the region, described."""
        client = self.client("sso-admin")
        listed = _pages(client, "list_instances", "Instances")
        return [self._instance(client, entry) for entry in listed]

    def _instance(self, client: Any, entry: Mapping[str, Any]) -> Instance:
        described = _ask(lambda: client.describe_instance(InstanceArn=entry["InstanceArn"]))
        return Instance(
            arn=entry["InstanceArn"],
            identity_store_id=entry["IdentityStoreId"],
            owner_account_id=entry["OwnerAccountId"],
            region=entry.get("PrimaryRegion") or self.region_name,
            status=entry.get("Status", "ACTIVE"),
            # Absent in older regions, where permission sets can't be switched off.
            permission_sets_enabled=described.get("PermissionSetsEnabled", True),
        )

    def organization(self, *, tags: bool = False) -> Organization:
        """The tree of roots, OUs and accounts; tags only on request (one call an account).

        Calls: a page of 20 accounts, one an OU, and one more an OU where AWS does not say in
        which one an account is. Raises AwsError when accounts keep moving while it is read.
        """
        client = self.client("organizations")
        organization = _ask(client.describe_organization)["Organization"]
        with ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="organizations") as pool:
            tree = _tree(client, pool)
            if tags:
                read = pool.map(lambda account: _tags(client, account["id"]), tree["accounts"])
                for account, values in zip(tree["accounts"], read, strict=True):
                    account["tags"] = values
        return Organization.from_dict(
            {
                "managementAccountId": organization.get("ManagementAccountId")
                or organization["MasterAccountId"],
                "partition": organization["Arn"].split(":")[1],
                **tree,
            }
        )

    def principals(self, identity_store_id: str) -> list[IdentityStorePrincipal]:
        """Every group and user of the identity store, with their external ids."""
        client = self.client("identitystore")
        with ThreadPoolExecutor(2, thread_name_prefix="identitystore") as pool:
            groups = pool.submit(
                _pages, client, "list_groups", "Groups", IdentityStoreId=identity_store_id
            )
            users = pool.submit(
                _pages, client, "list_users", "Users", IdentityStoreId=identity_store_id
            )
            return [
                *(
                    _principal("GROUP", g, g["GroupId"], g.get("DisplayName", ""))
                    for g in groups.result()
                ),
                *(
                    _principal("USER", u, u["UserId"], u.get("UserName", ""))
                    for u in users.result()
                ),
            ]

    def permission_sets(self, instance_arn: str, but: Collection[str]) -> list[tuple[str, str]]:
        """(ARN, name) of the instance's permission sets; those in `but` are not asked for names."""
        client = self.client("sso-admin")
        listed = _pages(client, "list_permission_sets", "PermissionSets", InstanceArn=instance_arn)
        arns = [arn for arn in map(str, listed) if arn not in but]

        def name(arn: str) -> str:
            described = _ask(
                lambda: client.describe_permission_set(
                    InstanceArn=instance_arn, PermissionSetArn=arn
                )
            )
            return str(described["PermissionSet"]["Name"])

        with ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="sso-admin") as pool:
            return list(zip(arns, pool.map(name, arns), strict=True))

    @staticmethod
    def pages(client: Any, operation: str, key: str, **arguments: Any) -> list[Any]:
        """Everything that a paged list operation returns under `key`. Raises AwsError."""
        return _pages(client, operation, key, **arguments)

    @staticmethod
    def ask(call: Callable[[], Any]) -> Any:
        """The answer of one call. Raises AwsError with one sentence."""
        return _ask(call)

    def memberships(
        self, identity_store_id: str, group_ids: Collection[str]
    ) -> dict[str, list[str]]:
        """User ids by group id; one list call a group, since the API has none for all."""
        client = self.client("identitystore")

        def members(group_id: str) -> list[str]:
            listed = _pages(
                client,
                "list_group_memberships",
                "GroupMemberships",
                IdentityStoreId=identity_store_id,
                GroupId=group_id,
            )
            return [entry["MemberId"]["UserId"] for entry in listed]

        with ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="identitystore") as pool:
            return dict(zip(group_ids, pool.map(members, group_ids), strict=True))


def _principal(
    kind: Any, entry: Mapping[str, Any], ident: str, name: str
) -> IdentityStorePrincipal:
    return IdentityStorePrincipal(
        type=kind,
        id=ident,
        name=name,
        external_ids=tuple(one_spelling(one["Id"]) for one in entry.get("ExternalIds") or ()),
        enabled=entry.get("UserStatus") != "DISABLED",
    )


def _tree(client: Any, pool: Executor) -> dict[str, list[dict[str, Any]]]:
    """Roots, OUs and accounts in the snapshot format, each account in exactly one place.

    No call answers for the whole tree at one moment: an account that moves while it is read could
    be in neither OU, which would take its access away, or in both. Then it is read again.
    """
    unclear: list[str] = []
    for _ in range(_READINGS):
        roots = _pages(client, "list_roots", "Roots")
        units = _units(client, pool, [root["Id"] for root in roots])
        accounts = {each["Id"]: each for each in _pages(client, "list_accounts", "Accounts")}
        parents = [*(root["Id"] for root in roots), *(unit["id"] for unit in units)]
        places = _places(client, pool, accounts.values(), parents)
        unclear = sorted(
            ident
            for ident in accounts.keys() | places.keys()
            if ident not in accounts or len(places[ident] & set(parents)) != 1
        )
        if not unclear:
            return {
                "roots": [{"id": root["Id"], "name": root["Name"]} for root in roots],
                "organizationalUnits": units,
                "accounts": [_account(each, *places[ident]) for ident, each in accounts.items()],
            }
    raise AwsError(
        f"accounts kept moving while the organization was read {_READINGS} times "
        f"({', '.join(unclear[:5])}): run it again when that has ended"
    )


def _units(client: Any, pool: Executor, roots: list[str]) -> list[dict[str, Any]]:
    units: list[dict[str, Any]] = []
    level = roots
    while level:
        found = list(pool.map(lambda parent: _units_below(client, parent), level))
        level = [unit["id"] for below in found for unit in below]
        units += [unit for below in found for unit in below]
    return units


def _units_below(client: Any, parent: str) -> list[dict[str, Any]]:
    units = _pages(
        client, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent
    )
    return [{"id": unit["Id"], "name": unit["Name"], "parentId": parent} for unit in units]


def _places(
    client: Any, pool: Executor, accounts: Iterable[Mapping[str, Any]], parents: list[str]
) -> dict[str, set[str]]:
    """The roots and OUs in which each account was seen."""
    places: dict[str, set[str]] = defaultdict(set)
    for account in accounts:
        places[account["Id"]] |= parents_in(account.get("Paths") or ())
    if all(places.values()):
        return places
    places.clear()
    lists = pool.map(
        lambda parent: _pages(client, "list_accounts_for_parent", "Accounts", ParentId=parent),
        parents,
    )
    for parent, members in zip(parents, lists, strict=True):
        for account in members:
            places[account["Id"]].add(parent)
    return places


def _account(account: Mapping[str, Any], parent: str) -> dict[str, Any]:
    return {
        "id": account["Id"],
        "name": account["Name"],
        "parentId": parent,
        # `Status` retires in September 2026 in favour of `State` (Organizations API reference).
        "state": account.get("State") or account["Status"],
        "tags": {},
    }


def _tags(client: Any, account: str) -> dict[str, str]:
    tags = _pages(client, "list_tags_for_resource", "Tags", ResourceId=account)
    return {tag["Key"]: tag["Value"] for tag in tags}


def _pages(client: Any, operation: str, key: str, **arguments: Any) -> list[dict[str, Any]]:
    paginator = client.get_paginator(operation)
    pages = _ask(lambda: list(paginator.paginate(**arguments)))
    return [item for page in pages for item in page[key]]


def _ask(call: Any) -> Any:
    try:
        return call()
    except ClientError as error:
        detail = error.response.get("Error", {})
        raise AwsError(
            f"AWS refused {error.operation_name}: {detail.get('Message') or detail.get('Code')}",
            code=str(detail.get("Code") or ""),
        ) from None
    except NoCredentialsError:
        raise AwsError(
            "there are no AWS credentials: set AWS_PROFILE or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or aws:profile in the stack's configuration"
        ) from None
    except BotoCoreError as error:
        raise AwsError(f"AWS can't be used: {error}") from None


def read_organization(*, region: str | None = None, profile: str | None = None) -> Organization:
    """The organization with account tags, as `ops snapshot` writes it. Raises AwsError."""
    return Aws(region=region, profile=profile).organization(tags=True)
