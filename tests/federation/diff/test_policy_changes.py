"""Two versions of an inline policy, compared by what they allow and deny."""

from __future__ import annotations

from typing import Any

import pytest

from federation.core.wording import plain
from federation.diff.policy_changes import policy_changes, statements

Statement = dict[str, Any]


def _policy(*given: Statement) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(given)}


def _allow(action: Any, resource: Any = "*", **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def _deny(action: Any, resource: Any = "*", **more: Any) -> Statement:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def _told(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[str]:
    return [
        f"{'+' if change.wider else '-'} {plain(change.sentence)}"
        for change in policy_changes(before, after)
    ]


BASE = _policy(_allow(["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]))


@pytest.mark.parametrize(
    "after",
    [
        _policy(
            _allow("s3:PutObject", ["arn:aws:s3:::b/*", "arn:aws:s3:::a/*"], Sid="Write"),
            _allow("S3:getobject", ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"], Sid="Read"),
        ),
        _policy(
            *(
                _allow(action, f"arn:aws:s3:::{bucket}/*")
                for bucket in "ab"
                for action in ("s3:PutObject", "s3:GetObject")
            )
        ),
        _policy(*BASE["Statement"], _allow("s3:GetObject", "arn:aws:s3:::a/reports/*")),
    ],
)
def test_other_words_for_the_same_policy_are_no_change(after: dict[str, Any]) -> None:
    assert _told(BASE, after) == []
    assert _told(after, BASE) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            BASE,
            _policy(*BASE["Statement"], _allow("iam:PassRole")),
            ["+ now also allows iam:PassRole on *"],
        ),
        (_policy(_allow(["a:X", "a:Y"])), _policy(_allow("a:X")), ["- no longer allows a:Y on *"]),
        (
            _policy(_allow("a:X"), _deny("a:Y")),
            _policy(_allow("a:X")),
            ["+ no longer denies a:Y on *"],
        ),
        (_policy(_allow("a:X")), _policy(_allow("a:X"), _deny("a:Y")), ["- now denies a:Y on *"]),
        (_policy(_allow("a:Get*")), _policy(_allow("a:*")), ["+ now also allows a:* on *"]),
        (_policy(_allow("a:*")), _policy(_allow("a:Get*")), ["- no longer allows a:* on *"]),
        (
            _policy(_allow("a:X", "arn:aws:s3:::one/*")),
            _policy(_allow("a:X")),
            ["+ now also allows a:X on *"],
        ),
        (
            _policy(_allow("a:X", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})),
            _policy(_allow("a:X")),
            ['+ now allows a:X on * even without {"Bool": {"aws:MultiFactorAuthPresent": "true"}}'],
        ),
        (
            _policy(_allow("a:X")),
            _policy(_allow("a:X", Condition={"Bool": {"aws:SecureTransport": "true"}})),
            ['- now allows a:X on * only if {"Bool": {"aws:SecureTransport": "true"}}'],
        ),
        (
            _policy(_deny("a:X", "arn:aws:s3:::one")),
            _policy(_deny("a:X", "arn:aws:s3:::one", Condition={"Bool": {"k": "true"}})),
            ['+ now denies a:X on arn:aws:s3:::one only if {"Bool": {"k": "true"}}'],
        ),
        (
            _policy(_allow("a:X", Condition={"Bool": {"k": "true"}})),
            _policy(_allow("a:X", Condition={"Bool": {"k": "false"}})),
            [
                '+ now also allows a:X on * if {"Bool": {"k": "false"}}',
                '- no longer allows a:X on * if {"Bool": {"k": "true"}}',
            ],
        ),
        (
            None,
            _policy(
                {
                    "Effect": "Allow",
                    "NotAction": ["iam:*", "sts:*"],
                    "NotResource": "arn:aws:s3:::a",
                }
            ),
            ["+ now also allows everything but iam:* and sts:* on everything but arn:aws:s3:::a"],
        ),
        (_policy(_allow("a:X")), None, ["- no longer allows a:X on *"]),
        ({"Statement": _allow("a:X")}, _policy(_allow(["a:X"], ["*"])), []),
    ],
)
def test_what_differs_is_told_as_more_or_less(
    before: dict[str, Any] | None, after: dict[str, Any] | None, told: list[str]
) -> None:
    assert _told(before, after) == told


@pytest.mark.parametrize(
    ("wide", "one"),
    [
        # A question mark is one character: it does not cover a wildcard.
        (_allow("a:Get?"), _allow("a:Get*")),
        # A wildcard within an ARN is not weighed.
        (_allow("a:X", "arn:aws:iam::*:role/x"), _allow("a:X", "arn:aws:iam::123456789012:role/x")),
        (_allow("a:X", "arn:aws:s3:::*"), _allow("a:X", "arn:aws:sqs:eu-west-1:1:q")),
        (_allow("a:*", Condition={"Bool": {"k": "true"}}), _allow("a:X")),
        (_deny("a:*"), _allow("a:X")),
    ],
)
def test_what_only_looks_covered_is_told(wide: Statement, one: Statement) -> None:
    assert _told(_policy(wide), _policy(wide, one)) != []


def test_actions_on_the_same_resources_are_told_together_and_many_are_counted() -> None:
    actions = [f"ec2:Action{number:02}" for number in range(20)]
    ((wider, sentence),) = statements(
        _policy(_allow(actions, ["arn:aws:ec2:::one", "arn:aws:ec2:::two"]))
    )
    assert wider
    text = plain(sentence)
    assert text.startswith("allows ec2:Action00, ec2:Action01, ")
    assert text.endswith(" and 8 more on arn:aws:ec2:::one and arn:aws:ec2:::two")


def test_a_huge_statement_is_compared_as_a_whole_and_quickly() -> None:
    actions = [f"a:X{number}" for number in range(1500)]
    resources = [f"arn:aws:s3:::b{number}" for number in range(1500)]
    before = _policy(_allow(actions, resources))
    assert _told(before, _policy(_allow(actions[::-1], resources[::-1]))) == []
    assert len(_told(before, _policy(_allow(actions[1:], resources)))) == 2


def test_a_policy_too_large_to_compare_in_pairs_hides_no_new_action() -> None:
    """More than 20,000 pairs are compared as a whole, and a wildcard inside it is no pattern."""
    actions = [f"ec2:Describe{number}*" for number in range(150)]
    resources = [f"arn:aws:ec2:::{number}" for number in range(150)]
    before = _policy(_allow([*actions, "s3:GetObject"], resources))
    after = _policy(_allow([*actions, "iam:PassRole", "s3:GetObject"], resources))
    assert any(change.wider for change in policy_changes(before, after))
    narrow = _policy(_allow("ec2:*"))
    wide = _policy(_allow("ec2:*"), _allow([*actions, "iam:PassRole"], resources))
    assert any(change.wider for change in policy_changes(narrow, wide))


def test_what_a_wildcard_still_gives_freely_is_not_told_as_tied() -> None:
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    before = _policy(_allow(["s3:*", "s3:GetObject"]))
    after = _policy(_allow("s3:*"), _allow("s3:GetObject", Condition=condition))
    assert _told(before, after) == []


def test_another_version_reads_variables_differently() -> None:
    statement = _allow("s3:GetObject", "arn:aws:s3:::a/${aws:username}/*")
    before, after = _policy(statement), {**_policy(statement), "Version": "2008-10-17"}
    assert _told(before, after) == ["+ reads ${…} by Version 2008-10-17 instead of 2012-10-17"]
    assert _told(BASE, {**BASE, "Version": "2008-10-17"}) == []
