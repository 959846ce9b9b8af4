"""The scripts that the workflows call, as far as they need no cloud."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from demo.checkout import REPOSITORY
from tests.workflows.clone import DEV, DEV_CONFIG, Clone
from tests.workflows.hub import BOT, Hub, run_script

ZERO = "0" * 64


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return Hub.create(tmp_path / "hub")


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone")


def changed(clone: Clone, hub: Hub, live: str = '["dev","prod"]', head: str = "") -> dict[str, Any]:
    run = run_script(
        "environments.sh",
        clone.base,
        head or clone.head(),
        environment=hub.environment(CHECKOUT=str(clone.folder), ENVIRONMENTS=live),
    )
    assert run.returncode == 0, run.stderr
    return {
        key: json.loads(value)
        for key, _, value in (line.partition("=") for line in run.stdout.splitlines())
    }


@pytest.mark.parametrize("fails", [False, True])
def test_grants_by_hand_fail_a_pull_request_where_they_are_to(
    hub: Hub, tmp_path: Path, *, fails: bool
) -> None:
    text = 'group "x" has Look on prod by hand'
    told = {"unmanaged": {"fails": fails, "grants": [{"kind": "assignment", "text": text}]}}
    (tmp_path / "diff.json").write_text(json.dumps(told))
    run = run_script("unmanaged.sh", str(tmp_path), environment=hub.environment())
    assert (run.returncode, text in run.stderr) == (int(fails), fails)


def test_changed_access_of_one_environment(clone: Clone, hub: Hub) -> None:
    clone.write("environments/prod/access.yaml", "rules: new\n")
    assert changed(clone, hub) == {"access": ["prod"], "all": ["prod"], "code": False}


@pytest.mark.parametrize(
    "name",
    [
        "program/x.py",
        "components/x.py",
        "Pulumi.dev.yaml",
        ".github/workflows/x.yml",
        "policy/aws.py",
    ],
)
def test_changed_code_concerns_every_environment(clone: Clone, hub: Hub, name: str) -> None:
    clone.write(name, "x: 1\n")
    assert changed(clone, hub) == {"access": [], "all": ["dev", "prod"], "code": True}


def test_the_packs_configuration_counts_as_code(clone: Clone, hub: Hub) -> None:
    clone.write("environments/dev/policy.json", "{}\n")
    assert changed(clone, hub) == {"access": ["dev"], "all": ["dev", "prod"], "code": True}


@pytest.mark.parametrize(
    ("name", "environments"),
    [
        ("access/team-a.yaml", ["dev"]),  # new, and dev's glob has it
        ("environments/dev/policies/deploy.json", ["dev"]),
        ("environments/dev/metadata.xml", ["dev"]),
        ("environments/shared/roles.json", ["dev"]),
        ("environments/shared/prod.yaml", ["prod"]),
    ],
)
def test_an_environment_is_concerned_by_what_it_reads_wherever_that_is(
    clone: Clone, hub: Hub, name: str, environments: list[str]
) -> None:
    shared = "permissionSets: {Deploy: {inlinePolicy: roles.json}}\n"
    clone.write("environments/shared/dev.yaml", shared)
    clone.write("environments/shared/roles.json", "{}\n")
    clone.write("environments/shared/prod.yaml", "rules: shared\n")
    clone.write(
        "Pulumi.dev.yaml",
        DEV_CONFIG.replace('access/*.yaml"', 'access/*.yaml", environments/shared/dev.yaml'),
    )
    clone.write(
        "Pulumi.prod.yaml",
        "config: {entra-identity-center:access: [environments/shared/prod.yaml]}\n",
    )
    clone.base = clone.commit()
    clone.write(name, "changed\n")
    assert changed(clone, hub) == {"access": environments, "all": environments, "code": False}


def test_a_file_that_is_gone_or_only_now_read_concerns_its_environment(
    clone: Clone, hub: Hub
) -> None:
    (clone.folder / "environments/dev/policies/deploy.json").unlink()
    assert changed(clone, hub)["access"] == ["dev"]
    clone.git("checkout", "--quiet", "--detach", clone.base)
    clone.write("Pulumi.prod.yaml", "config: {entra-identity-center:access: access/new.yaml}\n")
    clone.write("access/new.yaml", "rules: new\n")
    assert changed(clone, hub) == {"access": ["dev", "prod"], "all": ["dev", "prod"], "code": True}


@pytest.mark.parametrize(
    "name",
    ["access/notes.txt", "environments/shared/x.yaml", "environments/dev/old.yaml", "team/a.yaml"],
)
def test_a_file_that_no_environment_reads_is_code(clone: Clone, hub: Hub, name: str) -> None:
    """Green and never looked at would be the worst answer, if somebody thinks that it is access."""
    clone.write(name, "rules: new\n")
    assert changed(clone, hub) == {"access": [], "all": ["dev", "prod"], "code": True}


def test_what_is_read_outside_of_the_folders_for_access_is_code(clone: Clone, hub: Hub) -> None:
    clone.write("Pulumi.prod.yaml", "config: {entra-identity-center:access: policy/prod.yaml}\n")
    clone.write("policy/prod.yaml", "rules: old\n")
    clone.base = clone.commit()
    clone.write("policy/prod.yaml", "rules: new\n")
    head = clone.head()
    assert changed(clone, hub, head=head)["code"] is True
    code, told = overlay(clone, hub, head, "prod")
    assert code == 1
    assert "reads nothing in" in told


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Pulumi.yaml", "name: x\nconfig: {entra-identity-center:access: access/x.yaml}\n"),
        ("Pulumi.dev.yaml", "config: {entra-identity-center:access: {secure: abc}}\n"),
        ("Pulumi.dev.yaml", "config: [\n"),
    ],
)
def test_a_configuration_that_does_not_say_what_it_reads_stops_everything(
    clone: Clone, hub: Hub, name: str, text: str
) -> None:
    clone.write(name, text)
    environment = hub.environment(CHECKOUT=str(clone.folder), ENVIRONMENTS='["dev"]')
    run = run_script("environments.sh", clone.base, clone.head(), environment=environment)
    assert run.returncode == 1
    assert run.stderr.startswith("reads.py: ")
    assert "Traceback" not in run.stderr


def test_attributes_of_a_commit_hide_nothing(clone: Clone, hub: Hub) -> None:
    clone.write(".gitattributes", "access/** export-ignore\n")
    clone.base = clone.commit()
    clone.write("access/team-a.yaml", "rules: new\n")
    assert changed(clone, hub)["access"] == ["dev"]


def test_examples_do_not_run(clone: Clone, hub: Hub) -> None:
    clone.write("environments/dev/access.yaml", "rules: new\n")
    nothing: dict[str, Any] = {"access": [], "all": [], "code": False}
    head = clone.head()
    assert changed(clone, hub, '["prod"]', head) == nothing
    assert changed(clone, hub, "", head) == nothing


def test_what_the_base_did_meanwhile_is_not_the_pull_requests(clone: Clone, hub: Hub) -> None:
    clone.write("environments/dev/access.yaml", "rules: new\n")
    head = clone.head()
    clone.write("environments/prod/access.yaml", "rules: meanwhile\n")
    base = clone.commit()
    environment = hub.environment(CHECKOUT=str(clone.folder), ENVIRONMENTS='["dev","prod"]')
    run = run_script("environments.sh", base, head, environment=environment)
    assert run.stdout.splitlines()[0] == 'access=["dev"]'


def overlay(clone: Clone, hub: Hub, head: str, name: str = "dev") -> tuple[int, str]:
    environment = hub.environment(CHECKOUT=str(clone.folder))
    run = run_script("overlay.sh", head, name, environment=environment)
    return run.returncode, run.stderr


def test_the_overlay_takes_access_and_nothing_else(clone: Clone, hub: Hub) -> None:
    clone.write("environments/dev/access.yaml", "rules: new\n")
    clone.write("access/data.yaml", "permissionSets: {Data: {inlinePolicy: data.json}}\n")
    clone.write("access/data.json", '{"data": 1}\n')
    clone.write("environments/dev/metadata.xml", "<new/>\n")
    clone.write("environments/dev/policy.json", '{"weaker": 1}\n')
    clone.write("environments/prod/access.yaml", "rules: elsewhere\n")
    clone.write("Pulumi.dev.yaml", "config: {stolen: 1}\n")
    clone.write("__main__.py", "raise SystemExit\n")
    (clone.folder / "environments/dev/policies/deploy.json").unlink()
    assert overlay(clone, hub, clone.head()) == (0, "")
    assert clone.text("environments/dev/access.yaml") == "rules: new\n"
    assert clone.text("access/data.json") == '{"data": 1}\n'
    assert clone.text("access/data.yaml").startswith("permissionSets")
    assert clone.text("environments/dev/metadata.xml") == "<new/>\n"
    assert clone.text("environments/dev/policy.json") == '{"base": 1}\n'
    assert clone.text("environments/prod/access.yaml") == "rules: prod\n"
    assert clone.text("Pulumi.dev.yaml") == DEV_CONFIG
    assert not (clone.folder / "__main__.py").exists()
    assert not (clone.folder / "environments/dev/policies/deploy.json").exists()


@pytest.mark.parametrize("link", ["access.yaml", "other.yaml"])
def test_the_overlay_refuses_links(clone: Clone, hub: Hub, link: str) -> None:
    path = clone.folder / "environments/dev" / link
    path.unlink(missing_ok=True)
    path.symlink_to("/proc/self/environ")
    code, told = overlay(clone, hub, clone.head())
    assert code == 1
    assert "plain files only" in told
    assert clone.text("environments/dev/access.yaml") == DEV


def test_the_overlay_refuses_programs_and_strange_names(clone: Clone, hub: Hub) -> None:
    clone.write("environments/dev/run.sh", "#!/bin/sh\n")
    (clone.folder / "environments/dev/run.sh").chmod(0o755)
    assert overlay(clone, hub, clone.head())[0] == 1
    clone.git("checkout", "--quiet", "--detach", clone.base)
    clone.write("access/a b.yaml", "x\n")
    code, told = overlay(clone, hub, clone.head())
    assert code == 1
    assert "names of access files" in told
    assert overlay(clone, hub, clone.base, "../prod")[0] == 1
    assert overlay(clone, hub, clone.base, "gone")[0] == 1


def test_a_commit_is_fetched_without_being_checked_out(
    clone: Clone, hub: Hub, tmp_path: Path
) -> None:
    clone.write("environments/dev/access.yaml", "rules: new\n")
    head = clone.head()
    clone.git("checkout", "--quiet", "main")
    clone.git("reset", "--quiet", "--hard", clone.base)
    clone.git("config", "uploadpack.allowAnySHA1InWant", "true")
    other = tmp_path / "other"
    clone.git("clone", "--quiet", f"file://{clone.folder}", str(other))
    environment = hub.environment(CHECKOUT=str(other), GH_TOKEN="a-token")
    run = run_script("fetch.sh", head, environment=environment)
    assert run.returncode == 0, run.stderr
    assert (other / "environments/dev/access.yaml").read_text() == DEV
    shown = subprocess.run(
        ["git", "show", f"{head}:environments/dev/access.yaml"],
        cwd=other,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == "rules: new\n"
    assert "basic" not in (other / ".git/config").read_text()
    assert run_script("fetch.sh", "--upload-pack=x", environment=environment).returncode == 1


@pytest.fixture
def diff(tmp_path: Path) -> Path:
    folder = tmp_path / "diff"
    folder.mkdir()
    (folder / "diff.md").write_text("### Access: 1 gain\n")
    (folder / "reviewed").write_text(f"{ZERO}\n")
    return folder


def comment(hub: Hub, diff: Path, commit: str = "c1", name: str = "access-diff-dev") -> None:
    run = run_script("comment.sh", "7", name, str(diff), environment=hub.environment(COMMIT=commit))
    assert run.returncode == 0, run.stderr


def test_there_is_one_comment_an_environment(hub: Hub, diff: Path) -> None:
    comment(hub, diff)
    comment(hub, diff, name="access-diff-prod")
    (diff / "diff.md").write_text("### Access: 2 gains\n")
    comment(hub, diff, "c2")
    dev, prod = hub.read()["comments"]["7"]
    assert dev["body"] == (
        f"<!-- access-diff-dev commit:c2 desired-state:{ZERO} -->\n### Access: 2 gains\n"
    )
    assert prod["body"].startswith("<!-- access-diff-prod commit:c1 ")


def test_code_and_access_together_are_deployed_by_the_diff_of_the_new_code(
    hub: Hub, diff: Path
) -> None:
    merged(hub)
    run = run_script(
        "comment.sh",
        "7",
        "access-diff-dev",
        str(diff),
        environment=hub.environment(COMMIT="c1", CODE="true"),
    )
    assert run.returncode == 0, run.stderr
    (found,) = hub.read()["comments"]["7"]
    assert ZERO not in found["body"]
    assert "changes code, too" in found["body"]
    assert "no access diff" in reviewed(hub)[1]
    (diff / "reviewed").write_text("1" * 64)
    comment(hub, diff)
    assert reviewed(hub) == (0, "1" * 64)


def test_a_comment_of_somebody_else_is_left_alone(hub: Hub, diff: Path) -> None:
    comment(hub, diff)
    content = hub.read()
    content["comments"]["7"][0]["user"]["login"] = "mallory"
    hub.write(content)
    comment(hub, diff, "c2")
    assert len(hub.read()["comments"]["7"]) == 2


def merged(hub: Hub, **more: Any) -> None:
    content = hub.read()
    pull = {"number": 7, "merged_at": "2026-01-01", "merge_commit_sha": "m1", "head": {"sha": "c1"}}
    content["pulls"] = [pull | more]
    hub.write(content)


def reviewed(hub: Hub) -> tuple[int, str]:
    run = run_script("reviewed.sh", "m1", "dev", environment=hub.environment())
    return run.returncode, run.stdout.strip() or run.stderr


def test_the_reviewed_hash_is_that_of_our_comment(hub: Hub, diff: Path) -> None:
    merged(hub)
    comment(hub, diff, name="access-diff-prod")
    comment(hub, diff)
    assert reviewed(hub) == (0, ZERO)


def test_a_commit_that_was_not_reviewed(hub: Hub, diff: Path) -> None:
    assert "no merged pull request" in reviewed(hub)[1]
    merged(hub)
    assert "no access diff" in reviewed(hub)[1]
    # A diff of an earlier commit was not of what was merged.
    comment(hub, diff, "c0")
    assert "no access diff" in reviewed(hub)[1]
    comment(hub, diff)
    content = hub.read()
    content["comments"]["7"][0]["user"]["login"] = "mallory"
    hub.write(content)
    assert reviewed(hub)[0] == 1
    content["comments"]["7"][0]["user"]["login"] = BOT
    hub.write(content)
    merged(hub, merged_at=None)
    assert reviewed(hub)[0] == 1


def test_one_issue_is_opened_updated_and_closed(hub: Hub, tmp_path: Path) -> None:
    text = tmp_path / "issue.md"

    def tell(content: str, name: str = "drift-dev") -> list[tuple[str, str]]:
        text.write_text(content)
        run = run_script(
            "issue.sh", name, f"About {name}", str(text), environment=hub.environment()
        )
        assert run.returncode == 0, run.stderr
        return [(one["state"], one["body"].partition("\n")[2]) for one in hub.read()["issues"]]

    assert tell("") == []
    assert tell("one\n") == [("open", "one\n")]
    assert tell("other\n", "drift-prod") == [("open", "one\n"), ("open", "other\n")]
    assert tell("two\n") == [("open", "two\n"), ("open", "other\n")]
    assert tell("") == [("closed", "two\n"), ("open", "other\n")]
    assert tell("three\n")[-1] == ("open", "three\n")


def deployed(clone: Clone, hub: Hub, *deployments: dict[str, Any]) -> dict[str, Any]:
    content = hub.read()
    content["deployments"] = [
        {
            "id": ident,
            "environment": "dev",
            "creator": {"login": BOT},
            "statuses": ["success"],
            **one,
        }
        for ident, one in enumerate(deployments)
    ]
    for one in content["deployments"]:
        one["statuses"] = [{"state": state} for state in (*one["statuses"], "in_progress")]
    hub.write(content)
    environment = hub.environment(CHECKOUT=str(clone.folder), ENVIRONMENTS='["dev", "prod"]')
    run = run_script("deployed.sh", environment=environment)
    assert run.returncode == 0, run.stderr
    return {
        key: json.loads(value)
        for key, _, value in (line.partition("=") for line in run.stdout.splitlines())
    }


def test_the_last_good_deployment_of_each_environment(clone: Clone, hub: Hub) -> None:
    clone.write("README.md", "more\n")
    latest = clone.commit()
    assert deployed(
        clone,
        hub,
        {"sha": latest, "statuses": ["failure"]},
        {"sha": latest, "environment": "prod"},
        {"sha": clone.base},
        {"sha": latest},
    ) == {"environments": ["dev", "prod"], "commits": {"dev": clone.base, "prod": latest}}
    assert deployed(clone, hub, {"sha": latest}) == {
        "environments": ["dev"],
        "commits": {"dev": latest},
    }
    assert deployed(clone, hub) == {"environments": [], "commits": {}}


def test_a_deployment_of_what_was_never_merged_or_by_somebody_else_does_not_count(
    clone: Clone, hub: Hub
) -> None:
    clone.write("__main__.py", "raise SystemExit\n")
    unmerged = clone.head()
    found = deployed(
        clone,
        hub,
        {"sha": unmerged},
        {"sha": "f" * 40},
        {"sha": "main"},
        {"sha": clone.base, "creator": {"login": "mallory"}},
    )
    assert found == {"environments": [], "commits": {}}
    assert deployed(clone, hub, {"sha": unmerged}, {"sha": clone.base})["commits"] == {
        "dev": clone.base
    }


def test_the_examples_of_this_repository_are_read_where_they_lie(hub: Hub) -> None:
    environment = hub.environment(ENVIRONMENTS='["dev", "prod"]')
    run = run_script("environments.sh", "HEAD", "HEAD", environment=environment)
    assert run.stdout.splitlines() == ["access=[]", "all=[]", "code=false"], run.stderr
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "script/ci/reads.py"), "of", "prod", "HEAD"],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "environments/prod/access.yaml",
        "environments/prod/policies/deploy.json",
    ]


VARIABLES = {
    "PULUMI_BACKEND_URL": "s3://state",
    "ARM_TENANT_ID": "tenant",
    "ARM_CLIENT_ID": "client",
}


def test_what_later_steps_need(hub: Hub) -> None:
    run = run_script("export.sh", environment=hub.environment(**VARIABLES))
    assert run.returncode == 0
    assert "ARM_USE_OIDC=true" in run.stdout.splitlines()
    assert "PULUMI_CONTINUE_ON_ERROR=true" in run.stdout.splitlines()
    assert "PULUMI_BACKEND_URL=s3://state" in run.stdout.splitlines()


@pytest.mark.parametrize("value", ["", "one\nPATH=/elsewhere"])
def test_variables_that_are_missing_or_more_than_one_line(hub: Hub, value: str) -> None:
    run = run_script(
        "export.sh", environment=hub.environment(**VARIABLES | {"ARM_CLIENT_ID": value})
    )
    assert run.returncode == 1
    assert "ARM_CLIENT_ID" in run.stderr


@pytest.fixture
def tokens() -> Iterator[HTTPServer]:
    """GitHub's token service."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers["Authorization"] == "bearer request-token"
            self.send_response(200 if asked else 401)
            self.end_headers()
            self.wfile.write(json.dumps({"value": f"token for {self.path}"}).encode())

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_pulumi_cloud_takes_the_jobs_own_token(
    hub: Hub, tokens: HTTPServer, tmp_path: Path
) -> None:
    said = tmp_path / "said"
    (root := tmp_path / "checkout" / "script" / "ci").mkdir(parents=True)
    here = Path(__file__).parent.parent.parent / "script" / "ci"
    for name in ("login.sh", "common.sh"):
        (root / name).symlink_to(here / name)
    pulumi = hub.folder / "bin" / "pulumi"
    pulumi.write_text(
        '#!/bin/sh\nprintf "%s\\n" "$@" >' + f"{said}\n"
        'for word; do case $word in file://*) cat "${word#file://}" >>' + f"{said};; esac; done\n"
    )
    pulumi.chmod(0o755)
    environment = hub.environment(
        PULUMI_BACKEND_URL="https://pulumi.example.com",
        PULUMI_ORGANIZATION="example",
        ACTIONS_ID_TOKEN_REQUEST_URL=f"http://127.0.0.1:{tokens.server_port}/token?x=1",
        ACTIONS_ID_TOKEN_REQUEST_TOKEN="request-token",
        NO_PROXY="127.0.0.1",
    )
    done = subprocess.run(
        [str(root / "login.sh")], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    words = said.read_text()
    assert words.startswith("login\nhttps://pulumi.example.com\n--oidc-token\nfile://")
    assert words.endswith("token for /token?x=1&audience=urn:pulumi:org:example\n")
    token = words.partition("file://")[2].partition("\n")[0]
    assert not os.path.exists(token)  # noqa: PTH110
    environment["PULUMI_ORGANIZATION"] = ""
    assert subprocess.run([str(root / "login.sh")], env=environment, check=False).returncode == 1
