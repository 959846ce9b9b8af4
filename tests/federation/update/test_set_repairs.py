"""What AWS lacks of a set: repaired where the provider does not write it, and only there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.access.declared import Boundary, CustomerPolicy, PermissionSet
from federation.access.organization import Organization
from federation.engine.repairs import Difference, PermissionSetRepair, RepairLog
from federation.engine.set_content import (
    LiveSet,
    SetContent,
    StoredSet,
    declared_content,
    name_and_path,
    same_policy,
    stored_sets,
)
from federation.update.set_repairs import IgnoredTags, SetPlan, plan_sets, set_sentences

ARN = "arn:aws:sso:::permissionSet/ssoins-1/ps-1"
ONE, OLD, LEFT = "100000000001", "100000000002", "100000000003"
ORGANIZATION = Organization.from_dict(
    {
        "managementAccountId": ONE,
        "partition": "aws",
        "roots": [{"id": "r-abcd", "name": "Root"}],
        "organizationalUnits": [],
        "accounts": [
            {"id": ident, "name": name, "parentId": "r-abcd", "state": state, "tags": {}}
            for ident, name, state in ((ONE, "one", "ACTIVE"), (OLD, "old", "SUSPENDED"))
        ],
    }
)
POLICY = "arn:aws:iam::aws:policy/"
LOOK = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*"]}]}
WRITE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:*"}]}


def planned(
    model: PermissionSet,
    live: SetContent | None,
    stored: SetContent | None = None,
    *,
    outdated: Iterable[str] = (),
    ignored: IgnoredTags | None = None,
) -> SetPlan:
    """The plan for one set; the state has it as declared unless it is given."""
    known = declared_content(model, "aws") if stored is None else stored
    found = None if live is None else LiveSet(content=live, outdated=tuple(outdated))
    return plan_sets(
        {model.name: model},
        {model.name: StoredSet(arn=ARN, content=known)},
        {ARN: found},
        ORGANIZATION,
        ignored or IgnoredTags(),
    )


def content(**values: Any) -> SetContent:
    return SetContent(**values)


# What is declared, (state, AWS) and the one difference to repair; None where the provider writes.
CASES: dict[str, tuple[dict[str, Any], SetContent, SetContent, Difference | None]] = {
    "session stored as planned": (
        {"session_duration": "PT8H"},
        content(session="PT8H"),
        content(session="PT1H"),
        Difference(aspect="sessionDuration", live="PT1H", declared="PT8H"),
    ),
    "session still to be written": (
        {"session_duration": "PT8H"},
        content(session="PT1H"),
        content(session="PT1H"),
        None,
    ),
    "session written in other words": (
        {"session_duration": "PT60M"},
        content(session="PT60M"),
        content(session="PT1H"),
        None,
    ),
    "relay state, while the provider writes all settings": (
        {"relay_state": "https://a.example", "session_duration": "PT8H"},
        content(relay_state="https://a.example"),
        content(relay_state="https://b.example"),
        None,
    ),
    "relay state set by hand": (
        {},
        content(),
        content(relay_state="https://b.example"),
        Difference(aspect="relayState", live="https://b.example", declared=None),
    ),
    "description changed by hand": (
        {"description": "ours"},
        content(description="ours"),
        content(description="theirs"),
        Difference(aspect="description", live="theirs", declared="ours"),
    ),
    "policy attached by hand": (
        {},
        content(),
        content(managed=frozenset({f"{POLICY}Admin"})),
        Difference(
            aspect="managedPolicy", name=f"{POLICY}Admin", live=f"{POLICY}Admin", declared=None
        ),
    ),
    "policy detached by hand": (
        {"managed_policies": ("Audit",)},
        content(managed=frozenset({f"{POLICY}Audit"})),
        content(),
        Difference(
            aspect="managedPolicy", name=f"{POLICY}Audit", live=None, declared=f"{POLICY}Audit"
        ),
    ),
    "policy that the provider detaches": (
        {},
        content(managed=frozenset({f"{POLICY}Audit"})),
        content(managed=frozenset({f"{POLICY}Audit"})),
        None,
    ),
    "policy whose detachment was done and lost": (
        {},
        content(managed=frozenset({f"{POLICY}Audit"})),
        content(),
        None,
    ),
    "customer-managed policy attached by hand": (
        {},
        content(),
        content(customer=frozenset({"/team/deploy"})),
        Difference(
            aspect="customerManagedPolicy",
            name="/team/deploy",
            live="/team/deploy",
            declared=None,
        ),
    ),
    "inline policy changed by hand": (
        {"inline_policy": LOOK},
        content(inline=json.dumps(LOOK)),
        content(inline=json.dumps(WRITE)),
        Difference(
            aspect="inlinePolicy",
            live=json.dumps(WRITE),
            declared=json.dumps(LOOK, sort_keys=True, separators=(",", ":")),
        ),
    ),
    "inline policy in another order": (
        {"inline_policy": LOOK},
        content(inline=json.dumps(LOOK)),
        content(inline=json.dumps(LOOK, indent=2).replace('["s3:*"]', '"s3:*"')),
        None,
    ),
    "inline policy put by hand": (
        {},
        content(),
        content(inline=json.dumps(WRITE)),
        Difference(aspect="inlinePolicy", live=json.dumps(WRITE), declared=None),
    ),
    "boundary removed by hand": (
        {
            "permissions_boundary": Boundary(
                customer_managed_policy=CustomerPolicy(name="b", path="/x/")
            )
        },
        content(boundary="/x/b"),
        content(),
        Difference(aspect="permissionsBoundary", live=None, declared="/x/b"),
    ),
    "boundary that the provider puts": (
        {"permissions_boundary": Boundary(managed_policy="Audit")},
        content(),
        content(boundary="/x/b"),
        None,
    ),
    "tag added by hand": (
        {},
        content(),
        content(tags={"a": "1", "aws:cloudformation:x": "2"}),
        Difference(aspect="tag", name="a", live="1", declared=None),
    ),
    "tag changed by hand": (
        {"tags": {"a": "1"}},
        content(tags={"a": "1"}),
        content(tags={"a": "2"}),
        Difference(aspect="tag", name="a", live="2", declared="1"),
    ),
    "default tag of the provider": (
        {},
        content(tags={"team": "x"}),
        content(tags={"team": "x"}),
        None,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_only_what_the_provider_does_not_write_is_repaired(case: str) -> None:
    declared, stored, live, difference = CASES[case]
    made = planned(PermissionSet(name="Set", **declared), live, stored)
    expected = (
        (PermissionSetRepair(permission_set="Set", arn=ARN, differences=(difference,)),)
        if difference
        else ()
    )
    assert made.repairs == expected


def test_tags_that_the_provider_ignores_stay() -> None:
    live = content(tags={"cost": "1", "auto:x": "2", "b": "3"})
    ignored = IgnoredTags.read({"ignoreTags": {"keys": ["cost"], "keyPrefixes": ["auto:"]}})
    (repair,) = planned(PermissionSet(name="Set"), live, ignored=ignored).repairs
    assert [one.name for one in repair.differences] == ["b"]


def test_accounts_with_an_older_version_are_repaired_where_aws_can() -> None:
    model = PermissionSet(name="Set")
    (repair,) = planned(model, content(), outdated=[OLD, ONE, LEFT]).repairs
    assert repair.accounts == (ONE,)
    assert set_sentences(repair, ORGANIZATION) == [
        f"Set is still provisioned with an older version on 1 account: one ({ONE})"
    ]
    assert not planned(model, content(), outdated=[OLD, LEFT]).repairs


def test_a_set_that_is_gone_is_told_with_the_way_out() -> None:
    made = planned(PermissionSet(name="Set"), None)
    assert made.repairs == (PermissionSetRepair(permission_set="Set", arn=ARN, missing=True),)
    (sentence,) = set_sentences(made.repairs[0], ORGANIZATION)
    assert ARN in sentence
    assert "pulumi up --refresh" in sentence


def test_a_policy_whose_answer_was_lost_is_taken_in() -> None:
    model = PermissionSet(
        name="Set",
        managed_policies=("Audit", "Look"),
        customer_managed_policies=(CustomerPolicy(name="deploy", path="/team/"),),
    )
    live = content(managed=frozenset({f"{POLICY}Audit"}), customer=frozenset({"/team/deploy"}))
    made = planned(model, live, content())
    assert made.attached == {"Set": {f"{POLICY}Audit", "/team/deploy"}}
    assert made.arns == {"Set": ARN}
    assert not made.repairs


def test_a_description_taken_out_becomes_the_name_where_aws_has_one() -> None:
    model = PermissionSet(name="Set")
    assert planned(model, content()).models["Set"].description is None
    for live in ("before", "Set"):
        made = planned(model, content(description=live), content(description=live))
        assert made.models["Set"].description == "Set"
        assert not made.repairs


def test_the_log_is_read_as_the_engine_keeps_it() -> None:
    """The engine drops what is null; a log that can't be read again would stop every update."""
    repairs = tuple(
        PermissionSetRepair(permission_set="Set", arn=ARN, differences=(one,), accounts=(ONE,))
        for *_, one in CASES.values()
        if one
    )
    log = RepairLog(number=1, repairs=repairs)
    assert RepairLog.from_dict(without_null(log.to_dict())) == log


def without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_null(item) for key, item in value.items() if item is not None}
    return [without_null(item) for item in value] if isinstance(value, list | tuple) else value


def test_a_set_that_is_new_or_not_asked_about_has_nothing_to_repair() -> None:
    models = {"Set": PermissionSet(name="Set")}
    assert plan_sets(models, {}, {}, ORGANIZATION) == SetPlan(models=models)
    stored = {"Set": StoredSet(arn=ARN)}
    assert plan_sets(models, stored, {}, ORGANIZATION) == SetPlan(models=models)


POLICIES = st.frozensets(st.sampled_from(["A", "B", "C"]).map(lambda name: POLICY + name))
CUSTOMER = st.frozensets(st.sampled_from(["/a", "/b", "/x/c"]))
CONTENTS = st.builds(
    SetContent,
    description=st.sampled_from(["", "one", "two", "Set"]),
    session=st.sampled_from(["PT1H", "PT2H", "PT8H"]),
    relay_state=st.sampled_from(["", "https://a.example", "https://b.example"]),
    tags=st.dictionaries(st.sampled_from("ab"), st.sampled_from("12")),
    managed=POLICIES,
    customer=CUSTOMER,
    inline=st.sampled_from([None, json.dumps(LOOK), json.dumps(WRITE)]),
    boundary=st.sampled_from(["", f"{POLICY}B", "/x/b"]),
)


def model_of(one: SetContent) -> PermissionSet:
    def reference(text: str) -> CustomerPolicy:
        name, path = name_and_path(text)
        return CustomerPolicy(name=name, path=path)

    boundary = None
    if one.boundary.startswith("arn:"):
        boundary = Boundary(managed_policy=one.boundary)
    elif one.boundary:
        boundary = Boundary(customer_managed_policy=reference(one.boundary))
    return PermissionSet(
        name="Set",
        description=one.description or None,
        session_duration=one.session,
        managed_policies=tuple(one.managed),
        customer_managed_policies=tuple(reference(text) for text in sorted(one.customer)),
        inline_policy=json.loads(one.inline) if one.inline else None,
        permissions_boundary=boundary,
        relay_state=one.relay_state or None,
        tags=one.tags,
    )


def repaired(live: SetContent, differences: Iterable[Difference]) -> SetContent:
    """AWS after a repair."""
    fields = {
        "sessionDuration": "session",
        "relayState": "relay_state",
        "inlinePolicy": "inline",
        "permissionsBoundary": "boundary",
        "description": "description",
    }
    for one in differences:
        if one.aspect == "tag":
            rest = {key: value for key, value in live.tags.items() if key != one.name}
            new = {one.name: one.declared} if one.declared is not None else {}
            live = replace(live, tags={**rest, **new})
        elif one.aspect in fields:
            empty = None if one.aspect == "inlinePolicy" else ""
            changed: dict[str, Any] = {fields[one.aspect]: one.declared or empty}
            live = replace(live, **changed)
        else:
            kind = "managed" if one.aspect == "managedPolicy" else "customer"
            live = replace(live, **{kind: getattr(live, kind) ^ {one.name}})
    return live


def written(stored: SetContent, declared: SetContent, live: SetContent) -> SetContent:
    """AWS after the provider's own writes, as its source has them."""

    def settings(one: SetContent) -> tuple[str, str, str]:
        return one.description, one.session, one.relay_state

    if settings(stored) != settings(declared):
        live = replace(
            live,
            description=declared.description or live.description,
            session=declared.session,
            relay_state=declared.relay_state,
        )
    tags = {**live.tags, **{k: v for k, v in declared.tags.items() if stored.tags.get(k) != v}}
    tags = {k: v for k, v in tags.items() if k in declared.tags or k not in stored.tags}
    live = replace(
        live,
        tags=tags,
        managed=live.managed - (stored.managed - declared.managed),
        customer=live.customer - (stored.customer - declared.customer),
    )
    if not same_policy(stored.inline, declared.inline):
        live = replace(live, inline=declared.inline)
    if stored.boundary != declared.boundary:
        live = replace(live, boundary=declared.boundary)
    return live


@given(stored=CONTENTS, declared=CONTENTS, live=CONTENTS)
def test_whatever_has_happened_one_update_reaches_what_is_declared(
    stored: SetContent, declared: SetContent, live: SetContent
) -> None:
    made = planned(model_of(declared), live, stored)
    wanted = declared_content(made.models["Set"], "aws")
    differences = [one for repair in made.repairs for one in repair.differences]
    found = written(stored, wanted, repaired(live, differences))
    # What is attached to be: neither refused as attached already, nor left out.
    for kind in ("managed", "customer"):
        attach = getattr(wanted, kind) - getattr(stored, kind) - made.attached["Set"]
        assert not attach & getattr(found, kind)
        found = replace(found, **{kind: getattr(found, kind) | attach})
    assert replace(found, inline=None) == replace(wanted, inline=None)
    assert same_policy(found.inline, wanted.inline)
    # And the next one has nothing to do.
    assert not planned(model_of(declared), found, wanted).repairs


def test_the_checkpoint_tells_what_is_in_a_set() -> None:
    def urn(kind: str, name: str) -> str:
        token = f"aws:ssoadmin/{kind[0].lower()}{kind[1:]}:{kind}"
        return f"urn:pulumi:dev::p::federation:aws:PermissionSet${token}::{name}"

    on_it = {"permissionSetArn": ARN, "instanceArn": "arn:i"}
    reference = {"name": "deploy", "path": "/team/"}
    assert stored_sets(
        {
            urn("ManagedPolicyAttachment", "Set/A"): on_it | {"managedPolicyArn": f"{POLICY}A"},
            urn("PermissionSet", "Set"): {
                "arn": ARN,
                "sessionDuration": "PT8H",
                "relayState": "",
                "tags": None,
                "tagsAll": {"a": "1"},
            },
            urn("CustomerManagedPolicyAttachment", "Set/team/deploy"): on_it
            | {"customerManagedPolicyReference": reference},
            urn("PermissionSetInlinePolicy", "Set"): on_it | {"inlinePolicy": "{}"},
            # As the real plugin writes it: the other kind is there, and empty.
            urn("PermissionsBoundaryAttachment", "Set"): on_it
            | {
                "permissionsBoundary": {
                    "managedPolicyArn": "",
                    "customerManagedPolicyReference": {"name": "b"},
                }
            },
            urn("AccountAssignment", "Set/group/a/1"): on_it | {"principalId": "g"},
        }
    ) == {
        "Set": StoredSet(
            arn=ARN,
            content=SetContent(
                session="PT8H",
                tags={"a": "1"},
                managed=frozenset({f"{POLICY}A"}),
                customer=frozenset({"/team/deploy"}),
                inline="{}",
                boundary="/b",
            ),
        )
    }
