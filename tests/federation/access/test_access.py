"""Loading one or many access files, and what the entries mean to the program."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from federation.access.access import load_access
from federation.access.assignments import PrincipalKey
from federation.access.declared import Boundary, CustomerPolicy
from federation.core.errors import InvalidInput

REPOSITORY = Path(__file__).parents[3]
CENTRAL = """\
groups:
  platform: {displayName: AWS-Platform}
  break-glass: {objectId: 11111111-2222-3333-4444-AAAAAAAAAAAA}
users:
  ada: {userPrincipalName: ada@example.com}
permissionSets:
  Deploy:
    description: Roll out workloads
    sessionDuration: PT8H
    managedPolicies: [ReadOnlyAccess, job-function/Billing]
    customerManagedPolicies: [{name: deploy, path: /platform/}, {name: audit}]
    inlinePolicy: policies/deploy.json
    permissionsBoundary: {managedPolicy: PowerUserAccess}
    relayState: https://eu-west-1.console.aws.amazon.com/cloudformation
    tags: {owner: platform}
rules:
  - id: ada-migration
    owner: platform@example.com
    user: ada
    permissionSets: [Deploy]
    targets:
      - {ouId: ou-abcd-11111111, children: false}
      - {tag: {team: web, env: dev}, optional: true}
    except: [{account: "123456789012"}]
    until: 2027-03-31
    protected: acknowledged
guards:
  maxRemovals: 0
  scopes: {teams/web.yaml: [{ou: Workloads}]}
quotas: {managedPoliciesPerRole: 15}
moved: {lovelace: ada}
"""
TEAM = """\
groups:
  web: {displayName: AWS-Web}
rules:
  - group: web
    permissionSets: [Deploy]
    targets: [{ou: Workloads/Web}]
"""
POLICY = {
    "Statement": [{"Resource": "*", "Effect": "Allow", "Action": "s3:Get*"}],
    "Version": "2012-10-17",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "env" / "policies").mkdir(parents=True)
    (tmp_path / "env" / "teams").mkdir()
    (tmp_path / "env" / "access.yaml").write_text(CENTRAL)
    (tmp_path / "env" / "teams" / "web.yaml").write_text(TEAM)
    (tmp_path / "env" / "policies" / "deploy.json").write_text(json.dumps(POLICY, indent=2))
    return tmp_path


def problems(root: Path, *paths: str) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        load_access(paths, root=root)
    return [str(problem) for problem in refused.value.problems]


def test_many_files_are_one_access(root: Path) -> None:
    access = load_access(["env/access.yaml", "env/teams/*.yaml"], root=root)
    assert list(access.groups) == ["break-glass", "platform", "web"]
    assert [rule.label for rule in access.rules] == ["ada-migration", "rules[0]"]
    assert access.rules[1].location == ("env/teams/web.yaml", 4, 5, "rules[0]")
    assert access.groups["web"].location == ("env/teams/web.yaml", 2, 3, "groups.web")
    assert access.groups["break-glass"].object_id == "11111111-2222-3333-4444-aaaaaaaaaaaa"
    assert access.guards.max_removals == 0
    assert access.quotas.managed_policies_per_role == 15
    assert access.moved == {"lovelace": "ada"}
    assert access.uses_tags
    assert access.principals[-1] == PrincipalKey("USER", "ada")


def test_the_order_of_files_and_repeating_one_make_no_difference(root: Path) -> None:
    one = load_access(["env/access.yaml", "env/teams/web.yaml"], root=root)
    other = load_access(["env/*/*.yaml", "env/access.yaml", root / "env/access.yaml"], root=root)
    assert one == other


def test_a_rule_has_everything_that_the_file_says(root: Path) -> None:
    rule = load_access(["env/*.yaml", "env/teams/*.yaml"], root=root).rules[0]
    assert rule.principal == PrincipalKey("USER", "ada")
    assert rule.until == date(2027, 3, 31)
    assert rule.acknowledged
    ou, tag = rule.targets
    assert (ou.kind, ou.value, ou.children, ou.optional) == (
        "ouId",
        "ou-abcd-11111111",
        False,
        False,
    )
    assert tag.value == (("env", "dev"), ("team", "web"))
    assert [selector.text for selector in (*rule.targets, *rule.exceptions)] == [
        "ouId: ou-abcd-11111111, children: false",
        "tag: {env: dev, team: web}",
        "account: 123456789012",
    ]
    assert tag.location == ("env/access.yaml", 23, 15, "rules[0].targets[1].tag")


def test_a_permission_set_in_each_partition(root: Path) -> None:
    access = load_access(["env/access.yaml", "env/teams/web.yaml"], root=root)
    deploy = access.permission_sets["Deploy"]
    assert deploy.managed_policy_arns("aws") == (
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "arn:aws:iam::aws:policy/job-function/Billing",
    )
    assert deploy.managed_policy_arns("aws-us-gov")[0] == (
        "arn:aws-us-gov:iam::aws:policy/ReadOnlyAccess"
    )
    assert deploy.permissions_boundary == Boundary(managed_policy="PowerUserAccess")
    assert deploy.permissions_boundary.managed_policy_arn("aws-cn") == (
        "arn:aws-cn:iam::aws:policy/PowerUserAccess"
    )
    assert deploy.customer_managed_policies == (
        CustomerPolicy(name="deploy", path="/platform/"),
        CustomerPolicy(name="audit", path="/"),
    )


def test_inline_policies_are_canonical_json(root: Path) -> None:
    access = load_access(["env/access.yaml", "env/teams/web.yaml"], root=root)
    assert access.permission_sets["Deploy"].inline_policy_json == (
        '{"Statement":[{"Action":"s3:Get*","Effect":"Allow","Resource":"*"}],"Version":"2012-10-17"}'
    )


@pytest.mark.parametrize(
    ("central", "team", "expected"),
    [
        (
            "groups:\n  web: {displayName: AWS-Other}\n",
            "groups:\n  web: {displayName: AWS-Web}\n",
            'b.yaml:2:3  groups.web\n  the group "web" is already declared in a.yaml:2.',
        ),
        (
            "permissionSets:\n  Deploy: {}\n",
            "permissionSets:\n  Deploy: {}\n",
            (
                "b.yaml:2:3  permissionSets.Deploy\n"
                '  the permission set "Deploy" is already declared in a.yaml:2.'
            ),
        ),
        (
            "groups:\n  one: {displayName: AWS-Web}\n",
            "groups:\n  two: {displayName: aws-web}\n",
            (
                "b.yaml:2:22  groups.two.displayName\n"
                '  "aws-web" is the group "one" already; one Entra object, one key.'
            ),
        ),
        (
            "guards: {maxRemovals: 1}\n",
            "guards: {maxRemovals: 100}\n",
            (
                "b.yaml:1:1  guards\n"
                "  guards stand in a.yaml already; they belong in one central file."
            ),
        ),
        (
            "quotas: {permissionSets: 10}\n",
            "quotas: {permissionSets: 20}\n",
            (
                "b.yaml:1:1  quotas\n"
                "  quotas stand in a.yaml already; they belong in one central file."
            ),
        ),
        (
            "guards: {scopes: {c.yaml: []}}\n",
            "rules: []\n",
            (
                "a.yaml:1:19  guards.scopes.c.yaml\n"
                '  "c.yaml" is none of the access files. Did you mean "b.yaml"?'
            ),
        ),
        (
            "moved: {old: middle, middle: new}\n",
            "groups:\n  new: {displayName: AWS-New}\n",
            (
                "a.yaml:1:14  moved.old\n"
                '  "middle" is not a group or user. It was moved on itself: name the last key.'
            ),
        ),
    ],
)
def test_files_that_contradict_each_other(
    tmp_path: Path, central: str, team: str, expected: str
) -> None:
    (tmp_path / "a.yaml").write_text(central)
    (tmp_path / "b.yaml").write_text(team)
    assert problems(tmp_path, "a.yaml", "b.yaml") == [expected]


def test_all_problems_of_all_files_come_in_one_run(root: Path) -> None:
    (root / "env" / "access.yaml").write_text("groups:\n  a: {displayName: A, creat: true}\n")
    (root / "env" / "teams" / "web.yaml").write_text("rules: {}\nuser: {}\n")
    found = problems(root, "env/access.yaml", "env/teams/web.yaml", "env/nowhere.yaml")
    assert [line.split("  ")[0] for line in found] == [
        "env/access.yaml:2:23",
        "env/nowhere.yaml\n",
        "env/teams/web.yaml:1:8",
        "env/teams/web.yaml:2:1",
    ]


def test_a_policy_file_behind_a_link_out_of_the_folder_is_refused(root: Path) -> None:
    outside = root / "secret.json"
    outside.write_text(json.dumps(POLICY))
    (root / "env" / "policies" / "deploy.json").unlink()
    (root / "env" / "policies" / "deploy.json").symlink_to(outside)
    assert problems(root, "env/access.yaml", "env/teams/web.yaml") == [
        (
            "env/access.yaml:12:19  permissionSets.Deploy.inlinePolicy\n"
            '  "policies/deploy.json" leaves the folder of the access file; '
            "name a file below it, with slashes."
        )
    ]


def test_no_files_at_all(tmp_path: Path) -> None:
    assert problems(tmp_path) == ["no access file is named."]


def test_the_last_line_counts_and_reassures(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("group: {}\nrule: []\n")
    with pytest.raises(InvalidInput) as refused:
        load_access(["a.yaml"], root=tmp_path)
    assert str(refused.value) == (
        "a.yaml:1:1  group\n"
        '  unknown key "group". Did you mean "groups"?\n'
        "a.yaml:2:1  rule\n"
        '  unknown key "rule". Did you mean "rules"?\n'
        "2 errors, nothing was changed."
    )


@pytest.mark.parametrize(
    "path", sorted(str(p.relative_to(REPOSITORY)) for p in REPOSITORY.glob("environments/*/*.yaml"))
)
def test_the_committed_access_files_load(path: str) -> None:
    text = (REPOSITORY / path).read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=../../schema/access.schema.json\n")
    assert load_access([path], root=REPOSITORY).rules
