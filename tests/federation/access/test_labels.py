"""What a principal is called: never by the author's key alone, and never as another one."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from federation.access.assignments import PrincipalKey
from federation.access.declared import Group
from federation.access.labels import Identity, Labels, declared, labels
from federation.core.errors import printable
from federation.identity.identification import choose_group
from federation.identity.principals import EntraPrincipal, looked_up
from tests.federation.loading import load

GLASS = PrincipalKey("GROUP", "AWS-Break-Glass")
OTHER = PrincipalKey("GROUP", "other")
ID = "11111111-2222-4333-8444-555555555555"

_KEYS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._@+=,-]{0,7}", fullmatch=True)
# Names that look like keys, like labels, and like each other.
_NAMES = st.one_of(
    _KEYS,
    st.text(max_size=12),
    st.sampled_from(
        [
            *("", "A", "a", "\u0410", "\u212a", "k", "A ", "A  b", "A\u00a0b", "A\nb", "\\u202e"),
            *("\u202e", "A (key b)", "A (key b) (key c)", "A (group key b)", f"{ID} (key b)"),
            *("x" * 300, "x" * 300 + "y", "b (a group's key; its name in Entra was not read)"),
        ]
    ),
)
_PRINCIPALS = st.builds(PrincipalKey, st.sampled_from(["GROUP", "USER"]), _KEYS)
_IDENTITIES = st.builds(
    Identity,
    name=_NAMES,
    object_id=st.sampled_from(["", ID]) | st.uuids().map(str),
    by_id=st.booleans(),
)


@settings(max_examples=400)
@given(st.dictionaries(_PRINCIPALS, _IDENTITIES, max_size=6))
def test_two_principals_never_have_one_label(known: dict[PrincipalKey, Identity]) -> None:
    made = labels(known)
    assert len(set(made.values())) == len(known)
    assert all(label.isprintable() and len(label) < 250 for label in made.values())


@given(_PRINCIPALS, _IDENTITIES)
def test_the_key_alone_never_stands_for_another_name(key: PrincipalKey, one: Identity) -> None:
    label = labels({key: one})[key]
    if one.name.casefold() != key.key.casefold():
        assert label.casefold() != key.key.casefold()
        assert "key" in label.removeprefix(key.key)
    if " ".join(printable(one.name).split()) and len(one.name) < 16:
        assert label.startswith(" ".join(printable(one.name).split()))
    if one.by_id and one.object_id:
        assert one.object_id in label


@pytest.mark.parametrize(
    ("one", "label"),
    [
        (
            Identity(name="Everyone", object_id=ID, by_id=True),
            f"Everyone (key AWS-Break-Glass, id {ID})",
        ),
        (Identity(name="Everyone", object_id=ID), "Everyone (key AWS-Break-Glass)"),
        (Identity(name="AWS-Break-Glass", object_id=ID), "AWS-Break-Glass"),
        (Identity(name="aws-break-glass"), "aws-break-glass"),
        # A namesake that somebody made to be named by its id.
        (Identity(name="AWS-Break-Glass", object_id=ID, by_id=True), f"AWS-Break-Glass (id {ID})"),
        # Kelvin's K: it compares equal when case is folded.
        (Identity(name="AWS-Brea\u212a-Glass"), "AWS-Brea\u212a-Glass (key AWS-Break-Glass)"),
        (
            Identity(object_id=ID, by_id=True),
            f"{ID} (group key AWS-Break-Glass, its name in Entra was not read)",
        ),
        (Identity(), "AWS-Break-Glass (a group's key; its name in Entra was not read)"),
        (Identity(name="a\u202eb\nc"), "a\\u202eb c (key AWS-Break-Glass)"),
    ],
)
def test_entras_name_stands_first(one: Identity, label: str) -> None:
    assert labels({GLASS: one})[GLASS] == label


@pytest.mark.parametrize("twin", ["AWS-Break-Glass", "aws-break-glass", "\u0410WS-Break-Glass"])
def test_who_looks_like_another_is_told_with_key_and_id(twin: str) -> None:
    other = str(uuid.UUID(int=7))
    made = labels(
        {
            GLASS: Identity(name="AWS-Break-Glass", object_id=ID),
            OTHER: Identity(name=twin, object_id=other),
        }
    )
    assert made[GLASS] == f"AWS-Break-Glass (group key AWS-Break-Glass, id {ID})"
    assert made[OTHER] == f"{twin} (group key other, id {other})"


def test_an_object_with_an_old_and_a_new_key_has_no_namesake() -> None:
    one = Identity(name="AWS-Break-Glass", object_id=ID)
    assert labels({GLASS: one, OTHER: one}) == {
        GLASS: "AWS-Break-Glass (group key AWS-Break-Glass)",
        OTHER: "AWS-Break-Glass (group key other)",
    }


def test_who_was_never_looked_up_is_said_to_be_a_key() -> None:
    told = Labels().spoken(GLASS)
    assert told == "group AWS-Break-Glass (a group's key; its name in Entra was not read)"


def test_what_is_declared_and_what_entra_has() -> None:
    access = load(
        {
            "groups": {"AWS-Break-Glass": {"objectId": ID}, "team": {"displayName": "AWS-Team"}},
            "users": {"ada": {"userPrincipalName": "ada@example.com"}},
        }
    )
    team, ada = PrincipalKey("GROUP", "team"), PrincipalKey("USER", "ada")
    assert declared(access) == {
        GLASS: Identity(object_id=ID, by_id=True),
        team: Identity(name="AWS-Team"),
        ada: Identity(name="ada@example.com"),
    }
    found = EntraPrincipal(key=GLASS, name="Everyone", object_id=ID, by_id=True)
    assert looked_up([found]) == {GLASS: Identity(name="Everyone", object_id=ID, by_id=True)}


def test_a_group_that_can_not_be_assigned_is_told_by_its_name_too() -> None:
    entry = {"id": ID, "displayName": "Every\u202eone", "securityEnabled": False}
    problem, _ = choose_group(Group(key="AWS-Break-Glass", object_id=ID), [entry], ())
    assert f"the group {ID}, 'Every\\u202eone', is not security-enabled" in str(problem)
