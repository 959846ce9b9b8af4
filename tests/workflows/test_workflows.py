"""The workflows themselves: what a linter says, and the rules that a linter does not know."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.checkout import REPOSITORY

FOLDER = REPOSITORY / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
ACTION = REPOSITORY / ".github" / "actions" / "stack" / "action.yml"
NAMES = {"ci", "preview", "deploy", "reconcile", "drift", "test-tenant"}
PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
# What a run may be beside a script of this repository: one line of these.
PLAIN = re.compile(r"(cat|printf) [^;&|]*>> \"\$GITHUB_(OUTPUT|STEP_SUMMARY)\"")


def workflow(name: str) -> dict[str, Any]:
    # YAML 1.1 reads the key `on` as true.
    content: dict[Any, Any] = yaml.safe_load((FOLDER / f"{name}.yml").read_text())
    return {("on" if key is True else key): value for key, value in content.items()}


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in FILES:
        for name, job in workflow(file.stem)["jobs"].items():
            for step in job["steps"]:
                yield f"{file.stem}/{name}", step
    for step in yaml.safe_load(ACTION.read_text())["runs"]["steps"]:
        yield "actions/stack", step


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in FILES:
        for name, job in workflow(file.stem)["jobs"].items():
            yield f"{file.stem}/{name}", job


def test_the_workflows_are_all_there() -> None:
    assert {file.stem for file in FILES} == NAMES


def test_every_action_is_pinned_to_a_commit() -> None:
    lines = [
        line.partition("uses:")[2].strip()
        for file in (*FILES, ACTION)
        for line in file.read_text().splitlines()
        if re.match(r"\s*(- )?uses:", line)
    ]
    assert len(lines) == sum("uses" in step for _, step in steps())
    for line in lines:
        assert line == "./.github/actions/stack" or PINNED.fullmatch(line), line


def test_every_run_is_a_script_of_the_repository_or_one_plain_line() -> None:
    for place, step in steps():
        if "run" not in step:
            continue
        run = step["run"]
        assert "\n" not in run.strip(), place
        # What an expression puts into a shell line could hold anything: values go through env.
        assert "${{" not in run, place
        command = run.split()[0]
        if command.startswith(("script/", ".ci/")):
            assert os.access(REPOSITORY / command, os.X_OK), command
        else:
            assert PLAIN.fullmatch(run), run
        for script in re.findall(r"script/ci/[\w-]+\.sh", run):
            assert os.access(REPOSITORY / script, os.X_OK), script


def test_permissions_are_as_small_as_they_can_be() -> None:
    allowed = {
        "ci": {},
        "preview/access": {"id-token": "write"},
        "preview/code": {"id-token": "write"},
        "preview/comment": {"pull-requests": "write"},
        "preview/comment-code": {"pull-requests": "write"},
        "deploy/deploy": {"id-token": "write", "pull-requests": "read"},
        "reconcile/deployed": {"deployments": "read"},
        "reconcile/reconcile": {"id-token": "write"},
        "reconcile/issue": {"issues": "write"},
        "drift/deployed": {"deployments": "read"},
        "drift/drift": {"id-token": "write"},
        "drift/issue": {"issues": "write"},
        "test-tenant/up": {"id-token": "write"},
        "test-tenant/down": {"id-token": "write"},
        "test-tenant/sweep": {"id-token": "write", "pull-requests": "read"},
    }
    for file in FILES:
        expected = {"contents": "read"} if file.stem == "ci" else {}
        assert workflow(file.stem)["permissions"] == expected
    for place, job in jobs():
        if place.startswith("ci/"):
            assert "permissions" not in job
        else:
            assert job["permissions"] == {"contents": "read", **allowed.get(place, {})}, place


def test_the_real_plugins_are_tested_as_they_are_pinned() -> None:
    """Installed by checksum before any test, and no test falls back to a double."""
    job = dict(jobs())["ci/real-plugins"]
    assert job["env"] == {"SANDBOX_PROVIDERS": "real"}
    runs = [step["run"] for step in job["steps"] if "run" in step]
    assert runs[:2] == ["script/setup", "script/ci/plugins.sh"]
    assert runs[2:]
    for run in runs[2:]:
        assert run.startswith("script/test "), run
        assert "SANDBOX_PROVIDERS" not in run
    assert not any("env" in step or "continue-on-error" in step for step in job["steps"])


def test_no_secret_is_stored_for_a_workflow() -> None:
    for file in (*FILES, ACTION):
        text = file.read_text()
        assert "secrets." not in text, file
        assert "secrets:" not in text, file


def test_who_holds_an_identity_holds_an_environment_and_no_write_permission() -> None:
    """The OIDC subject names the environment; a preview can't write to the repository."""
    for place, job in jobs():
        if job.get("permissions", {}).get("id-token") == "write":
            assert job["environment"], place
            others = {key for key, value in job["permissions"].items() if value == "write"}
            assert others == {"id-token"}, place


def test_no_checkout_leaves_its_credentials_behind() -> None:
    checkouts = [step for _, step in steps() if step.get("uses", "").startswith("actions/checkout")]
    assert checkouts
    for step in checkouts:
        assert step["with"]["persist-credentials"] is False


def test_code_of_a_pull_request_runs_only_behind_reviewers() -> None:
    """Of everything on pull_request_target, these jobs alone check the pull request's code out."""
    found = {
        place
        for place, job in jobs()
        for step in job["steps"]
        if "pull_request_target" in workflow(place.partition("/")[0])["on"]
        and "head.sha" in str(step.get("with", {}))
    }
    assert found == {"preview/code", "test-tenant/up"}
    by_name = dict(jobs())
    assert by_name["preview/code"]["environment"].endswith("-preview-code")
    assert by_name["test-tenant/up"]["environment"] == "test-tenant"


def test_beside_the_identities_of_every_night_runs_what_was_deployed() -> None:
    """What was merged since has not been let through by deploy's reviewers."""
    for name in ("drift", "reconcile"):
        by_name = workflow(name)["jobs"]
        checkout = by_name[name]["steps"][0]
        assert checkout["uses"].startswith("actions/checkout")
        assert checkout["with"]["ref"] == (
            "${{ fromJSON(needs.deployed.outputs.commits)[matrix.environment] }}"
        )
        assert by_name[name]["needs"] == "deployed"
        assert "environment" not in by_name["deployed"]
        assert "id-token" not in by_name["deployed"]["permissions"]


def test_access_ends_before_the_rest_is_judged() -> None:
    runs = [step.get("run", "") for step in workflow("reconcile")["jobs"]["reconcile"]["steps"]]
    order = [run.split()[0].rpartition("/")[2] for run in runs if run]
    assert order == ["expire.sh", "reconcile.sh", "up.sh"]


def test_no_branch_but_main_brings_its_own_base() -> None:
    """A pull request against a branch of one's own would run that branch's code."""
    found = [
        workflow(file.stem)["on"]["pull_request_target"]["branches"]
        for file in FILES
        if "pull_request_target" in (workflow(file.stem)["on"] or {})
    ]
    assert found == [["main"], ["main"]]


def test_a_pull_request_with_code_gets_its_hash_from_the_job_code_only() -> None:
    by_name = dict(jobs())
    before, after = (
        next(step["env"] for step in by_name[name]["steps"] if "comment.sh" in step.get("run", ""))
        for name in ("preview/comment", "preview/comment-code")
    )
    assert before == {**after, "CODE": "${{ needs.changed.outputs.code }}"}
    assert "comment" in by_name["preview/code"]["needs"]


def test_beside_an_identity_only_the_runtime_is_installed_and_before_it() -> None:
    steps = yaml.safe_load(ACTION.read_text())["runs"]["steps"]
    order = [step.get("run") or step["uses"].partition("@")[0] for step in steps]
    assert order[:4] == [
        *("actions/setup-python", "script/setup --runtime", "script/ci/plugins.sh"),
        "aws-actions/configure-aws-credentials",
    ]
    for place, job in jobs():
        runs = " ".join(step.get("run", "") for step in job["steps"])
        if not place.startswith("ci/"):
            assert "script/test" not in runs, place
            assert "script/setup" not in runs.replace("script/setup --runtime", ""), place


@pytest.mark.parametrize(
    "path",
    [
        *(".github/workflows/deploy.yml", ".github/CODEOWNERS", ".github/actions/stack/action.yml"),
        *("script/ci/up.sh", "script/setup", "tools/pulumi/SHA256SUMS", "policy/aws.py"),
        *("requirements.txt", "Pulumi.prod.yaml", "environments/prod/policy.json"),
    ],
)
def test_who_owns_access_does_not_own_what_runs_beside_the_identities(path: str) -> None:
    """GitHub documentation, "About code owners": the last pattern that matches counts."""
    lines = (REPOSITORY / ".github" / "CODEOWNERS").read_text().splitlines()
    entries = [line.split() for line in lines if line and not line.startswith("#")]
    assert (REPOSITORY / path).exists()
    owners = [
        owners
        for pattern, *owners in entries
        if fnmatch(path, pattern.lstrip("/") + "*" * pattern.endswith("/"))
    ]
    assert owners[-1] == ["@example/security"]


def test_the_base_branchs_preview_takes_the_access_of_the_pull_request() -> None:
    runs = [step.get("run", "") for step in dict(jobs())["preview/access"]["steps"]]
    order = [run.split()[0].rpartition("/")[2] for run in runs if run]
    # Tools and credentials first: nothing of the pull request is here yet when they are set up.
    assert order == ["fetch.sh", "overlay.sh", "diff.sh", "unmanaged.sh"]


def test_updates_of_one_stack_never_run_at_once_nor_are_cancelled() -> None:
    deploy = dict(jobs())["deploy/deploy"]
    assert deploy["concurrency"] == {
        "group": "stack-${{ matrix.environment }}",
        "cancel-in-progress": False,
    }
    for place, job in jobs():
        assert job["timeout-minutes"] <= 120, place


def test_schedules_are_not_on_the_hour() -> None:
    """GitHub documentation: at the start of an hour scheduled runs are delayed or dropped."""
    crons = [
        entry["cron"]
        for file in FILES
        for entry in (workflow(file.stem)["on"] or {}).get("schedule", ())
    ]
    assert len(crons) == len(set(crons)) == 3
    assert all(cron.split()[0] not in ("0", "30") for cron in crons)


def _go() -> str | None:
    found = shutil.which("go") or "/usr/local/go/bin/go"
    return found if Path(found).exists() else None


@pytest.mark.skipif(_go() is None, reason="actionlint is built with go")
def test_actionlint_finds_nothing() -> None:
    binary = REPOSITORY / ".tools" / "actionlint" / "actionlint"
    source = REPOSITORY / "tools" / "actionlint"
    if not binary.exists() or binary.stat().st_mtime < (source / "go.sum").stat().st_mtime:
        subprocess.run(
            [str(_go()), "build", "-o", str(binary), "github.com/rhysd/actionlint/cmd/actionlint"],
            cwd=source,
            env={**os.environ, "GOFLAGS": "-mod=readonly", "GOWORK": "off"},
            check=True,
        )
    done = subprocess.run(
        [str(binary), "-shellcheck=", "-pyflakes=", *map(str, FILES)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
