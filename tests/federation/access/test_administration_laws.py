"""What holds for the level of any policy: rights only add up, and a Deny only takes away."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from federation.access.administration import Level, administration

ACTIONS = (
    *("*", "iam:*", "iam:PutRolePolicy", "iam:CreateAccessKey", "iam:PassRole", "iam:Get*"),
    *("sts:AssumeRole", "lambda:CreateFunction", "lambda:*", "ec2:RunInstances", "s3:GetObject"),
    *("sso:*", "organizations:AttachPolicy"),
)
RESOURCES = (
    *("*", "arn:aws:iam::*:role/*", "arn:aws:iam::*:role/app", "arn:aws:iam::*:role/app-*"),
    *("arn:aws:iam::111122223333:user/ada", "arn:aws:iam::*:user/${aws:username}"),
    *("arn:aws:lambda:*:*:function:one", "arn:aws:s3:::logs/*", "arn:aws:iam::*:*"),
)
CONDITION: dict[str, Any] = {
    "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
}
SOME_ACTIONS = st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=3)
SOME_RESOURCES = st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=2)
MANAGEMENT = st.booleans()


def statements_of(effect: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda actions, resources, more: {
            "Effect": effect,
            "Action": actions,
            "Resource": resources,
            **more,
        },
        SOME_ACTIONS,
        SOME_RESOURCES,
        st.sampled_from([{}, CONDITION]),
    )


ALLOW, DENY = statements_of("Allow"), statements_of("Deny")
SOME = st.lists(ALLOW | DENY, max_size=4)


def level(statements: list[dict[str, Any]], management: bool) -> Level:
    return administration(inline={"Statement": statements}).level(management=management)


@given(SOME, ALLOW, MANAGEMENT)
def test_an_allow_never_lowers(some: list[Any], more: dict[str, Any], management: bool) -> None:
    assert level([*some, more], management) >= level(some, management)


@given(SOME, DENY, MANAGEMENT)
def test_a_deny_never_raises(some: list[Any], more: dict[str, Any], management: bool) -> None:
    assert level([*some, more], management) <= level(some, management)


@given(SOME, st.permutations(range(5)), MANAGEMENT)
def test_the_order_of_statements_means_nothing(
    some: list[Any], order: list[int], management: bool
) -> None:
    other = [some[place] for place in order if place < len(some)]
    assert level(other, management) == level(some, management)


@given(SOME, st.sampled_from([str.upper, str.lower, str.swapcase]), MANAGEMENT)
def test_the_case_of_actions_means_nothing(some: list[Any], spell: Any, management: bool) -> None:
    other = [{**one, "Action": [spell(action) for action in one["Action"]]} for one in some]
    assert level(other, management) == level(some, management)


@given(SOME, ALLOW, st.data(), MANAGEMENT)
def test_a_wildcard_in_an_allow_never_lowers(
    some: list[Any], allow: dict[str, Any], draw: st.DataObject, management: bool
) -> None:
    wider = {
        **allow,
        "Action": [widened(one, draw, one.find(":") + 1) for one in allow["Action"]],
        "Resource": [widened(one, draw, 0) for one in allow["Resource"]],
    }
    assert level([*some, wider], management) >= level([*some, allow], management)


def widened(text: str, draw: st.DataObject, start: int) -> str:
    """The text with a star for some of its characters; a policy variable stays whole."""
    if "$" in text:
        return text if draw.draw(st.booleans()) else text.partition("$")[0] + "*"
    first = draw.draw(st.integers(start, len(text)))
    last = draw.draw(st.integers(first, len(text)))
    return f"{text[:first]}*{text[last:]}"
