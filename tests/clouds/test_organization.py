"""The organization's tree, read from the emulated cloud while accounts move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from clouds.aws import Aws, AwsError
from entra_aws_sandbox.testing import Sandbox
from federation.access.organization import parents_in

WEB_DEV = "622222222222"
Watch = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True)
class Watched(Aws):
    """A client that shows each answer of Organizations, with its operation, before it is used."""

    watch: Watch = field(kw_only=True)

    def client(self, service: str) -> Any:
        client = super().client(service)

        def show(parsed: dict[str, Any], model: Any, **_: Any) -> None:
            self.watch(model.name, parsed)

        client.meta.events.register(f"after-call.{service}", show)
        return client


@pytest.fixture
def organizations(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Organizations as an administrator uses it; WEB_DEV is put back afterwards."""
    for name, value in sandbox.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    client = sandbox.aws.organizations
    home = parent(client)
    yield client
    move(client, home)


def parent(client: Any) -> str:
    return str(client.list_parents(ChildId=WEB_DEV)["Parents"][0]["Id"])


def move(client: Any, destination: str) -> None:
    if parent(client) != destination:
        client.move_account(
            AccountId=WEB_DEV, SourceParentId=parent(client), DestinationParentId=destination
        )


def without_paths(_: str, answer: dict[str, Any]) -> None:
    """An answer of a partition that does not say where accounts are."""
    for account in answer.get("Accounts", ()):
        account.pop("Paths")


def unit_of(aws: Aws) -> str:
    return aws.organization().by_id[WEB_DEV].parent_id


def test_one_list_tells_where_all_accounts_are(organizations: Any) -> None:
    called: list[str] = []
    told = Watched(watch=lambda name, _: called.append(name)).organization()
    assert "ListAccountsForParent" not in called
    # One page of accounts; the root and 8 OUs are asked for the OUs below them.
    assert (called.count("ListAccounts"), called.count("ListOrganizationalUnitsForParent")) == (
        1,
        9,
    )
    listed = Watched(watch=without_paths).organization()
    assert told.to_dict() == listed.to_dict()
    assert len(told.accounts) == 13


def test_an_account_that_moves_between_two_lists_is_in_one_of_them(
    organizations: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unseen in both OUs, it would lose its access; seen in both, it would get another's."""
    # One after the other: the root, its first OU, ..., Workloads/Dev.
    monkeypatch.setattr("clouds.aws.CONCURRENCY", 1)
    dev = parent(organizations)
    (root,) = organizations.list_roots()["Roots"]
    below = organizations.list_organizational_units_for_parent(ParentId=root["Id"])
    first = below["OrganizationalUnits"][0]["Id"]
    for here, there in ((dev, first), (first, dev)):
        lists: list[str] = []

        def watch(
            name: str, answer: dict[str, Any], lists: list[str] = lists, there: str = there
        ) -> None:
            without_paths(name, answer)
            if name == "ListAccountsForParent":
                lists.append(name)
                if len(lists) == 2:
                    move(organizations, there)

        assert parent(organizations) == here
        assert unit_of(Watched(watch=watch)) == there
        assert len(lists) == 18


def test_an_account_in_an_ou_that_was_made_meanwhile_is_read_again(organizations: Any) -> None:
    (root,) = organizations.list_roots()["Roots"]
    made: list[str] = []

    def watch(name: str, _: dict[str, Any]) -> None:
        if name == "ListOrganizationalUnitsForParent" and not made:
            unit = organizations.create_organizational_unit(ParentId=root["Id"], Name="New")
            made.append(unit["OrganizationalUnit"]["Id"])
            move(organizations, made[0])

    home = parent(organizations)
    try:
        assert unit_of(Watched(watch=watch)) == made[0]
    finally:
        move(organizations, home)
        organizations.delete_organizational_unit(OrganizationalUnitId=made[0])


def test_accounts_that_never_rest_stop_the_update_in_a_sentence(organizations: Any) -> None:
    def watch(name: str, answer: dict[str, Any]) -> None:
        without_paths(name, answer)
        # It is never where it is asked for.
        if name == "ListAccounts":
            answer["Accounts"].append({**answer["Accounts"][0], "Id": "999999999999"})

    with pytest.raises(AwsError, match=r"read 3 times \(999999999999\): run it again"):
        Watched(watch=watch).organization()


@pytest.mark.parametrize(
    ("path", "parent"),
    [
        ("o-exampleorg1/r-ex01/111122223333/", "r-ex01"),
        ("o-exampleorg1/r-ex01/ou-ex01-1/ou-ex01-2/111122223333/", "ou-ex01-2"),
        ("o-exampleorg1/r-ex01/ou-ex01-1/", "ou-ex01-1"),
    ],
)
def test_the_parent_is_the_last_step_of_a_path(path: str, parent: str) -> None:
    assert parents_in([path]) == {parent}
