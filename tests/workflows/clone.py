"""A clone of a repository with environments, as a workflow has it."""

from __future__ import annotations

import subprocess
from pathlib import Path

DEV = "permissionSets: {Deploy: {inlinePolicy: policies/deploy.json}}\n"
DEV_CONFIG = """\
config:
  entra-identity-center:access: [environments/dev/access.yaml, "access/*.yaml"]
  entra-identity-center:identityCenter:
    serviceProviderMetadata: environments/dev/metadata.xml
"""
PROD_CONFIG = "config: {entra-identity-center:access: environments/prod/access.yaml}\n"


class Clone:
    """A clone with a base commit and a head commit on top."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.write("environments/dev/access.yaml", DEV)
        self.write("environments/dev/policies/deploy.json", "{}\n")
        self.write("environments/dev/policy.json", '{"base": 1}\n')
        self.write("environments/dev/metadata.xml", "<old/>\n")
        self.write("environments/prod/access.yaml", "rules: prod\n")
        self.write("Pulumi.yaml", "name: federation\n")
        self.write("Pulumi.dev.yaml", DEV_CONFIG)
        self.write("Pulumi.prod.yaml", PROD_CONFIG)
        self.base = self.commit()

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "change")
        return self.git("rev-parse", "HEAD")

    def head(self) -> str:
        """Commit what was written, and go back to the base as a workflow's checkout is."""
        commit = self.commit()
        self.git("checkout", "--quiet", "--detach", self.base)
        return commit

    def text(self, name: str) -> str:
        return (self.folder / name).read_text()
