"""`python -m ops plan`: assignments, reasons, formats and exit codes."""

from __future__ import annotations

import csv
import gc
import io
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from federation.access.access import load_access
from ops.__main__ import main
from tests.federation.loading import COMPANY
from tests.ops.access import ACCESS

REPOSITORY = Path(__file__).parent.parent.parent
SANDBOX = "environments/sandbox/access.yaml"
DEV, WEB = "611111111111", "622222222222"


class Plan:
    """Runs the command in a folder with one access file."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.file = folder / "access.yaml"
        self.file.write_text(ACCESS)
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        command = ["plan", "--access", "access.yaml", "--organization", str(COMPANY)]
        code = main([*command, "--today", "2027-01-15", *arguments])
        said = self._capsys.readouterr()
        return code, said.out, said.err


@pytest.fixture
def plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Plan:
    monkeypatch.chdir(tmp_path)
    return Plan(tmp_path, capsys)


def test_whoever_calls_it_keeps_their_garbage_collector(plan: Plan) -> None:
    plan()
    assert gc.isenabled()


def test_json_assignments_have_every_reason(plan: Plan) -> None:
    code, out, err = plan("--format", "json")
    assert (code, err) == (0, "")
    assert json.loads(out) == [
        {
            "principal": "ada",
            "principalType": "USER",
            "name": "ada@example.com",
            "objectId": None,
            "permissionSet": "ReadOnly",
            "account": WEB,
            "reasons": [
                {
                    "file": "access.yaml",
                    "line": 15,
                    "rule": "rules[1]",
                    "selector": "accountName: web-dev",
                }
            ],
        },
        {
            "principal": "team",
            "principalType": "GROUP",
            "name": "AWS-Team",
            "objectId": None,
            "permissionSet": "ReadOnly",
            "account": DEV,
            "reasons": [
                {
                    "file": "access.yaml",
                    "line": 11,
                    "rule": "team-dev",
                    "selector": selector,
                }
                for selector in ("ou: Workloads/Dev", "tag: {env: dev}")
            ],
        },
    ]


def test_the_table_reads_by_principal(plan: Plan) -> None:
    code, out, _ = plan()
    assert code == 0
    assert out.splitlines() == [
        "principal                  type   permission set  account       name         rules",
        "ada@example.com (key ada)  user   ReadOnly        622222222222  web-dev      rules[1]",
        "AWS-Team (key team)        group  ReadOnly        611111111111  billing-dev  team-dev",
        "",
        "2 assignments on 2 accounts.",
    ]


def test_csv_has_one_line_an_assignment(plan: Plan) -> None:
    code, out, _ = plan("--format", "csv")
    assert code == 0
    assert list(csv.reader(io.StringIO(out))) == [
        [
            *("principal", "principalType", "name", "objectId"),
            *("permissionSet", "account", "reasons"),
        ],
        [
            *("ada", "USER", "ada@example.com", "", "ReadOnly", WEB),
            "access.yaml:15 rules[1] (accountName: web-dev)",
        ],
        [
            *("team", "GROUP", "AWS-Team", "", "ReadOnly", DEV),
            (
                "access.yaml:11 team-dev (ou: Workloads/Dev); "
                "access.yaml:11 team-dev (tag: {env: dev})"
            ),
        ],
    ]


def test_no_assignments_are_an_empty_list(plan: Plan) -> None:
    plan.file.write_text("rules: []\n")
    assert plan("--format", "json")[:2] == (0, "[]\n")


def test_a_group_that_is_declared_by_its_id_goes_by_that_and_never_by_its_key(plan: Plan) -> None:
    ident = "11111111-2222-4333-8444-555555555555"
    trusted = ACCESS.replace("team:", "AWS-Break-Glass:").replace("group: team", "group: x")
    trusted = trusted.replace("group: x", "group: AWS-Break-Glass")
    plan.file.write_text(trusted.replace("displayName: AWS-Team", f"objectId: {ident}"))
    label = f"{ident} (group key AWS-Break-Glass, its name in Entra was not read)"
    assert f"\n{label}  group  ReadOnly" in plan()[1]
    _, explained, _ = plan("--why", "AWS-Break-Glass")
    assert explained.splitlines()[0] == f"group {label}"
    assert f"  group {label}  ReadOnly  billing-dev ({DEV})" in explained
    assignment = json.loads(plan("--format", "json")[1])[0]
    assert (assignment["principal"], assignment["name"], assignment["objectId"]) == (
        "AWS-Break-Glass",
        None,
        ident,
    )
    written = list(csv.DictReader(io.StringIO(plan("--format", "csv")[1])))
    assert (written[0]["name"], written[0]["objectId"]) == ("", ident)


@pytest.mark.parametrize("subject", [WEB, "web-dev"])
def test_why_an_account(plan: Plan, subject: str) -> None:
    code, out, _ = plan("--why", subject)
    assert code == 0
    assert out.splitlines() == [
        "web-dev (622222222222), ACTIVE",
        "",
        "  user ada@example.com (key ada)  ReadOnly  web-dev (622222222222)",
        "      + access.yaml:15  rules[1]: accountName: web-dev",
        "",
        "  taken away:",
        "  group AWS-Team (key team)  ReadOnly  web-dev (622222222222)",
        "      - access.yaml:12  team-dev: except accountName: web-dev",
    ]


@pytest.mark.parametrize("subject", ["ada", "ada@example.com"])
def test_why_a_principal(plan: Plan, subject: str) -> None:
    code, out, _ = plan("--why", subject)
    assert code == 0
    assert out.splitlines() == [
        "user ada@example.com (key ada)",
        "",
        "  user ada@example.com (key ada)  ReadOnly  web-dev (622222222222)",
        "      + access.yaml:15  rules[1]: accountName: web-dev",
        "",
        "  taken away:",
        "  user ada@example.com (key ada)  ReadOnly  old-crm (911111111111)",
        "      - access.yaml:15  rules[1]: the account is SUSPENDED",
    ]


def test_why_not_because_of_never_and_until(plan: Plan) -> None:
    plan.file.write_text(
        ACCESS + f'    until: 2027-01-14\nguards:\n  never: [{{account: "{DEV}"}}]\n'
    )
    code, out, _ = plan("--why", DEV)
    assert code == 1
    assert "  no assignments" in out.splitlines()
    assert f"      - access.yaml:18  team-dev: guards.never account: {DEV}" in out.splitlines()
    _, out, _ = plan("--why", "ada")
    assert "      - access.yaml:13  rules[1]: until: 2027-01-14" in out.splitlines()


def test_why_filters_json_too(plan: Plan) -> None:
    _, out, _ = plan("--why", "team", "--format", "json")
    assert [assignment["account"] for assignment in json.loads(out)] == [DEV]


def test_why_nobody(plan: Plan) -> None:
    code, out, err = plan("--why", "web-dew")
    assert (code, out) == (2, "")
    assert '"web-dew" is no account, group or user. Did you mean "web-dev"?' in err


def test_findings_end_with_1_and_the_assignments_are_printed_all_the_same(plan: Plan) -> None:
    plan.file.write_text(ACCESS.replace("{ou: Workloads/Dev}", "{ou: Worklods/Dev}"))
    code, out, err = plan("--format", "json")
    assert code == 1
    assert len(json.loads(out)) == 2
    assert err.splitlines() == [
        "access.yaml:11:20  rules[0].targets[0].ou",
        (
            '  error: rule "team-dev": no organizational unit "Worklods/Dev". '
            'Did you mean "Workloads/Dev"? [selectors]'
        ),
        "1 error, 0 warnings.",
    ]


def test_what_is_not_known_offline_is_said_and_is_no_finding(plan: Plan) -> None:
    administrator = "Administrator: {managedPolicies: [AdministratorAccess]}"
    rescue = """
  - id: rescue
    group: team
    permissionSets: [Administrator]
    targets: [{accountName: web-dev}]
    protected: acknowledged
guards: {breakGlass: [team], protectedAccounts: [{accountName: web-dev}]}
"""
    plan.file.write_text(
        ACCESS.replace("permissionSets:\n", f"permissionSets:\n  {administrator}\n").rstrip()
        + rescue
    )
    code, _, err = plan()
    assert code == 0
    unknown = "has people who can sign in is not known without Entra"
    assert f"whether break-glass group AWS-Team (key team) {unknown}" in err


def test_warnings_are_findings(plan: Plan) -> None:
    plan.file.write_text(ACCESS + "guards: {requireOwner: warn}\n")
    code, _, err = plan()
    assert code == 1
    assert err.splitlines()[-1] == "0 errors, 2 warnings."


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "can't be read: No such file or directory."),
        ("{", "this is not valid JSON: Expecting property name enclosed in double quotes"),
        ("[]", "an organization file is a mapping; `python -m ops snapshot` writes one."),
        ("[" * 100_000, "this is not a JSON file in UTF-8"),
    ],
)
def test_an_organization_file_that_is_none(plan: Plan, content: str | None, sentence: str) -> None:
    file = plan.file.with_name("broken.json")
    if content is not None:
        file.write_text(content)
    code, out, err = plan("--organization", "broken.json")
    assert (code, out) == (2, "")
    assert sentence in err
    assert "Traceback" not in err


def test_both_files_are_reported_in_one_run(plan: Plan) -> None:
    plan.file.write_text("rule: []\n")
    code, _, err = plan("--organization", "nowhere.json")
    assert code == 2
    assert "unknown key" in err
    assert "2 errors, nothing was changed." in err


BROKEN = """\
groups:
  broken: {displayName: AWS-Broken, objectID: 1}
  team: {displayName: AWS-Team}
permissionSets:
  ReadOnly: {managedPolicies: [ReadOnlyAccess], sessionDuration: PT8}
rules:
  - group: broken
    permissionSets: [ReadOnly]
    targets: [{account: "12"}, {ou: Workloads/Nowhere}]
  - group: taem
    permissionSets: [no blanks, ReadOnly, ReadOnli]
    targets: [{accountname: core-prod}]
    until: soon
  - {group: team, permissionSets: [ReadOnly], targets: [{accountName: x, optional: "no"}]}
guards:
  breakGlass: [broken]
  protectedAccounts: [{ou: 1}, {accountName: nobody}]
"""


def test_every_error_of_every_kind_comes_in_one_run_and_none_follows_from_another(
    plan: Plan,
) -> None:
    """Schema, names and targets, by place; what is wrong in itself is not also "not declared"."""
    plan.file.write_text(BROKEN)
    code, out, err = plan()
    places = [line.split("  ") for line in err.splitlines() if line.startswith("access.yaml:")]
    assert (code, out) == (2, "")
    assert [(place.split(":")[1], path) for place, path in places] == [
        ("2", "groups.broken.objectID"),
        ("5", "permissionSets.ReadOnly.sessionDuration"),
        ("9", "rules[0].targets[0].account"),
        ("9", "rules[0].targets[1].ou"),
        ("10", "rules[1].group"),
        ("11", "rules[1].permissionSets[0]"),
        ("11", "rules[1].permissionSets[2]"),
        ("12", "rules[1].targets[0].accountname"),
        ("13", "rules[1].until"),
        ("14", "rules[2].targets[0].optional"),
        ("17", "guards.protectedAccounts[0].ou"),
        ("17", "guards.protectedAccounts[1].accountName"),
    ]


def test_names_of_a_file_that_cannot_be_read_are_not_called_undeclared(plan: Plan) -> None:
    (plan.file.parent / "groups.yaml").write_text("groups: {web: {displayName: Web}\n")
    plan.file.write_text(ACCESS.replace("group: team", "group: web"))
    code, _, err = plan("--access", "groups.yaml")
    assert code == 2
    assert "groups.yaml:2" in err
    assert "not declared" not in err


def _sandbox_assignments() -> list[dict[str, Any]]:
    done = _run("--access", SANDBOX, "--organization", str(COMPANY), "--format", "json")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_why_explains_every_assignment_of_the_sandbox_stack(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(REPOSITORY)
    assignments = _sandbox_assignments()
    assert len(assignments) > 30
    access = load_access([SANDBOX], root=REPOSITORY)
    explained = set()
    for principal in access.principals:
        main(["plan", "--access", SANDBOX, "--organization", str(COMPANY), "--why", principal.key])
        lines = capsys.readouterr().out.splitlines()
        for head, reason in itertools.pairwise(lines):
            if reason.startswith("      + environments/sandbox/access.yaml:"):
                who, permission_set, account = head.strip().split("  ")
                explained.add((who.rpartition("(key ")[2][:-1], permission_set, account[-13:-1]))
    assert explained == {
        (assignment["principal"], assignment["permissionSet"], assignment["account"])
        for assignment in assignments
    }


def test_the_command_prints_assignments_and_needs_no_cloud() -> None:
    done = _run("--access", SANDBOX, "--organization", str(COMPANY))
    assert done.returncode == 0
    assert "41 assignments on 12 accounts." in done.stdout


def test_pure_modules_import_no_cloud() -> None:
    """Resolving is quick and offline because nothing of Pulumi, boto3 or the network is loaded."""
    code = (
        "import sys, ops.plan\n"
        "heavy = {'pulumi', 'boto3', 'botocore', 'urllib3', 'http.client', 'ssl', 'asyncio'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ops", "plan", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
