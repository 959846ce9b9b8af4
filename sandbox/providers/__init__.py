"""Doubles of the aws and azuread provider plugins, for machines that cannot fetch the real ones.

They make the same calls in the same order as the real plugins, against whatever the environment
points them at; they know nothing of the emulators. Where the real plugins are installed, those
are used.

They fail as the real plugins do: a failed update leaves the planned values in the state, and
what a plugin sends only for a difference is then never sent again. Not as in the real plugins:
waits and retries are short and bounded (the constants of `azuread/graph.py` and `aws/client.py`).
"""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

# What the pinned SDK packages ask the engine for (their pulumi-plugin.json).
VERSIONS = {"aws": "7.51.1", "azuread": "6.11.1"}

_REPOSITORY = Path(__file__).resolve().parent.parent.parent
_LAUNCHER = """\
#!/bin/sh
# Written by sandbox/providers; the plugin itself lives in the checkout.
PYTHONPATH={repository} exec {python} -u -P -m sandbox.providers {name} "$@"
"""


def install(pulumi_home: Path, python: Path | str) -> None:
    """Put launchers of both doubles where the CLI looks for plugins.

    `pulumi_home` is the PULUMI_HOME of the runs, `python` the interpreter of the pinned
    requirements. The engine takes a plugin from `plugins/resource-NAME-vVERSION/` without a
    warning or a download (pulumi/pulumi `sdk/go/common/workspace/plugins.go`).
    """
    for name, version in VERSIONS.items():
        plugin = _plugin(pulumi_home, name, version)
        _clear(plugin.parent)
        plugin.parent.mkdir(parents=True)
        plugin.write_text(
            _LAUNCHER.format(
                repository=shlex.quote(str(_REPOSITORY)), python=shlex.quote(str(python)), name=name
            ),
            "utf-8",
        )
        plugin.chmod(0o755)


def installed(pulumi_home: Path) -> bool:
    """Whether plugins of both packages, in the pinned versions, lie in `pulumi_home`."""
    return all(_plugin(pulumi_home, name, version).exists() for name, version in VERSIONS.items())


def link_real(pulumi_home: Path, user_home: Path | None = None) -> bool:
    """Link the real plugins of the pinned versions that a person has installed.

    `user_home` is that person's PULUMI_HOME, `~/.pulumi` when not given. False, and nothing
    changed, when one of the two is missing there.
    """
    source = user_home or Path.home() / ".pulumi"
    if source.resolve() == pulumi_home.resolve() or not installed(source):
        return False
    for name, version in VERSIONS.items():
        folder = _plugin(pulumi_home, name, version).parent
        _clear(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.symlink_to(_plugin(source, name, version).parent.resolve(), target_is_directory=True)
    return True


def _plugin(pulumi_home: Path, name: str, version: str) -> Path:
    return pulumi_home / "plugins" / f"resource-{name}-v{version}" / f"pulumi-resource-{name}"


def _clear(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)
