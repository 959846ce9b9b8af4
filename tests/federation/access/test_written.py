"""An `Access` written back as a file: as a person would write it, and the same when loaded."""

from __future__ import annotations

from datetime import date

from hypothesis import assume, given
from hypothesis import strategies as st

from federation.access.declared import (
    Access,
    Group,
    Guards,
    PermissionSet,
    Rule,
    Selector,
    User,
)
from federation.access.written import access_file
from federation.core.domain import mixed_scripts
from tests.federation.loading import load_text

TEXT = """\
groups:
  developers: {displayName: AWS-Developers}
  "12": {objectId: 0f245a8c-e913-589a-8b08-a72ec9d8af3f}

permissionSets:
  ReadOnly:
    sessionDuration: PT8H
    managedPolicies: [ReadOnlyAccess]
    inlinePolicy:
      Version: "2012-10-17"
      Statement:
        - Effect: Deny
          Action: ["s3:*"]
          Resource: "*"

rules:
  - id: developers-look
    group: developers
    permissionSets: [ReadOnly]
    targets:
      - {ou: Workloads, children: false}
      - {account: "123456789012"}
      - tag: {env: "yes"}
    except:
      - {accountName: billing-prod, optional: true}
    until: 2027-03-31

guards: {maxRemovals: 0}
"""


def test_it_reads_as_a_person_would_have_written_it() -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": ["s3:*"], "Resource": "*"}],
    }
    access = Access(
        groups={
            "developers": Group(key="developers", display_name="AWS-Developers"),
            "12": Group(key="12", object_id="0f245a8c-e913-589a-8b08-a72ec9d8af3f"),
        },
        permission_sets={
            "ReadOnly": PermissionSet(
                name="ReadOnly",
                session_duration="PT8H",
                managed_policies=("ReadOnlyAccess",),
                inline_policy=policy,
            )
        },
        rules=(
            Rule(
                id="developers-look",
                group="developers",
                permission_sets=("ReadOnly",),
                targets=(
                    Selector(ou="Workloads", children=False),
                    Selector(account="123456789012"),
                    Selector(tag={"env": "yes"}),
                ),
                exceptions=(Selector(account_name="billing-prod", optional=True),),
                until=date(2027, 3, 31),
            ),
        ),
        guards=Guards(max_removals=0),
    )
    assert access_file(access) == TEXT
    assert load_text(TEXT) == access


def test_an_empty_one_is_a_file_that_loads() -> None:
    assert load_text(access_file(Access())) == Access()


_words = st.sampled_from(["yes", "null", "0x1f", "1e5", "2027-01-01", "=", "~", "#", "- a", "a: b"])


@given(st.lists(_words | st.from_regex(r"[A-Za-z0-9_.-]{1,12}", fullmatch=True), min_size=1))
def test_no_word_is_read_back_as_something_else(words: list[str]) -> None:
    named = {f"k{n}": word for n, word in enumerate(words)}
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}],
    }
    policy["Statement"][0]["Condition"] = {"StringEquals": {"aws:PrincipalTag/x": words}}  # type: ignore[index]
    access = Access(
        users={k: User(key=k, user_principal_name=f"{k}@example.com") for k in named},
        permission_sets={"Set": PermissionSet(name="Set", inline_policy=policy)},
    )
    assert load_text(access_file(access)) == access


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=50))
def test_any_account_name_survives(name: str) -> None:
    access = Access(
        groups={"g": Group(key="g", display_name="G")},
        permission_sets={"S": PermissionSet(name="S")},
        rules=(Rule(group="g", permission_sets=("S",), targets=(Selector(account_name=name),)),),
    )
    assume(mixed_scripts(name) is None)
    assert load_text(access_file(access)) == access
