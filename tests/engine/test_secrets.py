"""No secret in clear text, anywhere: the demo is played, a token rotated, and everything read.

What fails is read as well: an error is where a secret shows most easily. What counts as a secret,
and where it may be, is in `story` and `_ITS_PLACES`.
"""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

import pytest

from demo.checkout import REPOSITORY
from demo.stack import STACK
from entra_aws_sandbox.browser import Browser
from entra_aws_sandbox.folder import Folder
from entra_aws_sandbox.pulumi import PulumiStack
from entra_aws_sandbox.testing import Sandbox, stop_sandbox
from entra_aws_sandbox.testing.leaks import Secrets
from ops.__main__ import COMMANDS

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive]

# Files that hold a secret because that is what they are for; each is readable by its owner only.
_ITS_PLACES = {"secrets.json", "passphrase"}
_SECONDS = 300.0


@dataclass(frozen=True)
class Story:
    """What was printed and written, by where it was seen."""

    secrets: Secrets
    seen: dict[str, bytes]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox on which the demo has been played; its output is in ``demo.txt``."""
    folder = tmp_path_factory.mktemp("sandbox")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "demo"],
            cwd=REPOSITORY,
            env={"SANDBOX_DIR": str(folder), "PATH": "/usr/bin:/bin", "HOME": str(folder)},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        (folder / "demo.txt").write_text(done.stdout + done.stderr)
        own = Folder(folder)
        yield Sandbox(own, own.require_running())
    finally:
        stop_sandbox(folder)


@pytest.fixture(scope="module")
def story(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A token is rotated under every eye there is, and some updates fail; all of `ops` runs."""
    kept = tmp_path_factory.mktemp("kept")
    seen: dict[str, bytes] = {}
    stack = PulumiStack(sandbox.folder.stack, sandbox.environment, stack=STACK)
    first = stack.run(
        "config", "get", "--path", "entra-identity-center:provisioning.accessToken"
    ).output.strip()
    second = sandbox.console.rotate_token()["accessToken"]
    stack.set_config("provisioning.accessToken", second, secret=True)

    def run(name: str, *arguments: str, fails: bool = False, on: PulumiStack = stack) -> None:
        done = on.run(*arguments, event_log=kept / f"{name}.events.json")
        assert (done.exit_code != 0) is fails, f"pulumi {name}"
        seen[f"pulumi {name}"] = done.output.encode()

    # The provider's write of the new token fails, then the clouds refuse a token and a sign-in.
    write = {"kind": "conflict", "operation": "PUT *synchronization/secrets", "times": None}
    sandbox.control_entra("faults", {"faults": [write]})
    run("up on faults", "up", "--yes", "--skip-preview", "--diff", fails=True)
    sandbox.control_entra("faults", {"faults": []})
    refused = token_urlsafe(45)
    stack.set_config("provisioning.accessToken", refused, secret=True)
    run("up with a refused token", "up", "--yes", "--skip-preview", fails=True)
    stack.set_config("provisioning.accessToken", second, secret=True)
    wrong = token_urlsafe(45)
    stranger = sandbox.environment | {"ARM_CLIENT_SECRET": wrong}
    signed_out = PulumiStack(stack.project, stranger, stack=STACK)
    run("preview signed out", "preview", fails=True, on=signed_out)
    for command in _ops_commands(stack, kept):
        seen[f"ops {' '.join(command)}, signed out"] = _ops(stranger, command, 2)
    run("preview", "preview", "--save-plan", str(kept / "plan.json"), "--diff")
    run("preview --json", "preview", "--json")
    run("up", "up", "--yes", "--skip-preview", "--diff")
    for words in ("stack export", "stack history --json", "stack output --json", "config --json"):
        seen[f"pulumi {words}"] = stack.run(*words.split()).output.encode()
    for command in _ops_commands(stack, kept):
        seen[f"ops {' '.join(command)}"] = _ops(sandbox.environment, command)
    cookies = _signed_in(sandbox)
    for folder in (sandbox.folder.root, kept):
        seen.update(_files(folder))
    secrets = sandbox.folder.secrets()
    return Story(
        Secrets(
            {
                "the first SCIM token": first,
                "the second SCIM token": second,
                "a SCIM token that is refused": refused,
                "a client secret that is refused": wrong,
                "the client secret": secrets.clientSecret,
                "the AWS secret key": secrets.awsSecretAccessKey,
                "the passphrase": sandbox.folder.passphrase.read_text().strip(),
                **cookies,
            }
        ),
        seen,
    )


def _ops_commands(stack: PulumiStack, kept: Path) -> list[tuple[str, ...]]:
    of_a_stack = ["handoff", "status", "status --json", "sync --json", "recover"]
    of_a_stack += ["diff --format markdown", "diff --format json"] if "diff" in COMMANDS else []
    of_a_stack += ["doctor", "doctor --json"] if "doctor" in COMMANDS else []
    organization = str(kept / "organization.json")
    return [
        *((*words.split(), "-C", str(stack.project)) for words in of_a_stack),
        ("snapshot", "--output", organization),
        ("plan", "--access", "environments/sandbox/*.yaml", "--organization", organization),
    ]


def _ops(environment: dict[str, str], words: tuple[str, ...], *more_codes: int) -> bytes:
    done = subprocess.run(
        [sys.executable, "-m", "ops", *words],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    # 1 are findings, for example that a held token is about to expire.
    assert done.returncode in {0, 1, *more_codes}, f"ops {words[0]} ended in {done.returncode}"
    return done.stdout + done.stderr


def _signed_in(sandbox: Sandbox) -> dict[str, str]:
    """Sign ada in; the cookies that her browser holds, and the assertion that let her in."""
    browser = Browser()
    page = browser.get(sandbox.control_aws("state")["instance"]["accessPortalUrl"])
    page = browser.submit(
        page, page.forms[0], {"username": "ada@example.com", "password": "sandbox"}
    )
    assertion = page.forms[0].fields["SAMLResponse"]
    assert browser.submit(page, page.forms[0]).status == 200
    cookies = browser.cookies
    assert {"entra_session", "portal_session"} <= set(cookies)
    return {f"the cookie {name}": value for name, value in cookies.items()} | {
        "the SAML assertion": assertion[200:400]
    }


def _files(root: Path) -> dict[str, bytes]:
    """Every file below a folder, packed ones unpacked; plugins and what holds secrets left out."""
    found = {}
    for path in sorted(root.rglob("*")):
        place = path.relative_to(root)
        if path.is_symlink() or not path.is_file() or "plugins" in place.parts:
            continue
        if place.name in _ITS_PLACES:
            assert path.stat().st_mode & 0o077 == 0, f"{path} is readable by others"
            continue
        content = path.read_bytes()
        found[str(place)] = gzip.decompress(content) if place.suffix == ".gz" else content
    return found


def test_everything_was_looked_at(story: Story) -> None:
    """A search that reads nothing finds nothing."""
    names = "\n".join(story.seen)
    for part in (
        "demo.txt",
        "requests.jsonl",
        "server.log",
        "state/.pulumi/stacks/entra-identity-center/sandbox.json\n",
        "sandbox.json.bak",
        "state/.pulumi/history/",
        "stack/Pulumi.sandbox.yaml",
        "preview.events.json",
        "up.events.json",
        "plan.json",
        "pulumi preview --json",
        "ops status",
        "up on faults.events.json",
        "up with a refused token.events.json",
        "ops doctor",
    ):
        assert part in names, part
    assert b"synchronizationSecret" in story.seen["up.events.json"]
    # These must have failed where a secret was in hand.
    assert b"synchronizationSecret" in story.seen["pulumi up on faults"]
    assert b"refuses the access token" in story.seen["pulumi up with a refused token"]
    assert b"AADSTS" in story.seen["pulumi preview signed out"]
    signed_out = [text for name, text in story.seen.items() if name.endswith(", signed out")]
    assert sum(b"AADSTS" in text for text in signed_out) > 3
    assert len(story.seen["requests.jsonl"].splitlines()) > 300


def test_no_secret_is_in_clear_text_anywhere(story: Story) -> None:
    leaks = {
        place: found
        for place, text in story.seen.items()
        if (found := story.secrets.found_in(text))
    }
    assert leaks == {}
