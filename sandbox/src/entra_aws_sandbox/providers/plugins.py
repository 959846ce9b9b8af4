"""Which provider plugins the sandbox runs, each real or a double, and where the CLI finds them."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from entra_aws_sandbox.environment import find_pulumi
from entra_aws_sandbox.folder import SandboxError
from entra_aws_sandbox.providers import VERSIONS

_KINDS = ("auto", "real", "double")
_USER_HOME = "~/.pulumi"
# Nothing listens there: a plugin that is started with it has nobody to serve.
_NO_ENGINE = "127.0.0.1:1"
_CLI_SECONDS = 20.0
_LAUNCHER = """\
#!/bin/sh
# Written by entra-aws-sandbox; the plugin itself is a module of the package.
exec {python} -u -P -m entra_aws_sandbox.providers {name} "$@"
"""


def add_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option `--providers`, by default what SANDBOX_PROVIDERS says, else `auto`."""
    parser.add_argument(
        "--providers",
        default=os.environ.get("SANDBOX_PROVIDERS") or "auto",
        metavar="KIND",
        help="real, double, or auto (the real plugin where it is installed), for both plugins or "
        "for each: azuread=real,aws=double; default: SANDBOX_PROVIDERS, else auto",
    )


def parse(text: str) -> dict[str, str]:
    """What `--providers` asks for: `auto`, `real` or `double` by package.

    A package that is not named is `auto`. Raises SandboxError.
    """
    if "=" not in text:
        return {name: _kind(text, text) for name in VERSIONS}
    wanted = dict.fromkeys(VERSIONS, "auto")
    named = set()
    for item in text.split(","):
        name, _, kind = (part.strip() for part in item.partition("="))
        if name not in VERSIONS:
            raise SandboxError(
                f"There is no provider plugin {name!r} (--providers {text!r}); there are "
                f"{' and '.join(VERSIONS)}: --providers azuread=real,aws=double."
            )
        if name in named:
            raise SandboxError(f"--providers {text!r} names {name} twice; name it once.")
        named.add(name)
        wanted[name] = _kind(kind, text)
    return wanted


def _kind(kind: str, text: str) -> str:
    if kind not in _KINDS:
        raise SandboxError(
            f"A provider plugin can't be {kind!r} (--providers {text!r}); say auto, real or "
            "double, for both plugins or for each: --providers azuread=real,aws=double."
        )
    return kind


def shown(kinds: Mapping[str, str]) -> str:
    """What runs, for people and for `status`: `aws=double, azuread=real`."""
    return ", ".join(f"{name}={kind}" for name, kind in sorted(kinds.items()))


def is_as_wanted(running: str, wanted: Mapping[str, str]) -> bool:
    """Whether what runs, as `shown` gives it, is what is asked for; `auto` takes either."""
    kinds = dict(item.split("=", 1) for item in running.split(", ") if "=" in item)
    return all(kind in ("auto", kinds.get(name)) for name, kind in wanted.items())


def install(
    pulumi_home: Path, wanted: Mapping[str, str], user_home: Path | None = None
) -> dict[str, str]:
    """Put each plugin where the CLI looks for it; returns `real` or `double` by package.

    `pulumi_home` is the PULUMI_HOME of the runs, `user_home` the one that a person installs real
    plugins into, `~/.pulumi` when not given. Raises SandboxError where a real plugin is asked for
    and missing; nothing is changed then.
    """
    source = user_home or Path(_USER_HOME).expanduser()
    missing = [
        name
        for name, kind in wanted.items()
        if kind == "real" and not _is_installed(source, name, pulumi_home)
    ]
    if missing:
        commands = " && ".join(_install_command(name) for name in missing)
        raise SandboxError(
            f"There is no real plugin of {' and '.join(missing)} in {source}, in the version that "
            f"the doubles stand for; install it: {commands} (or run with --providers "
            f"{','.join(f'{name}=double' for name in missing)})."
        )
    kinds = {}
    for name, kind in wanted.items():
        real = kind != "double" and _is_installed(source, name, pulumi_home)
        kinds[name] = "real" if real else "double"
        folder = _file(pulumi_home, name).parent
        _clear(folder)
        folder.mkdir(parents=True)
        if real:
            _link(_file(source, name).parent, folder)
        else:
            _write_launcher(pulumi_home, name)
    return kinds


def check(pulumi_home: Path, kinds: Mapping[str, str]) -> None:
    """Ask the CLI whether it takes each plugin from `pulumi_home`, and whether that one starts.

    The order is the engine's (pulumi/pulumi `sdk/go/common/workspace/plugins.go`): an executable
    on PATH comes before the plugins of PULUMI_HOME. Raises SandboxError where an update would
    load another plugin, or none. Without a CLI there is nothing to ask.
    """
    cli = find_pulumi()
    if cli is None:
        return
    listed = _listed(cli, pulumi_home)
    for name, version in VERSIONS.items():
        ambient = None if _ignores_path() else shutil.which(_file_name(name))
        if ambient is not None:
            raise SandboxError(
                f"Pulumi would load {ambient}, which is on PATH, instead of the {kinds[name]} "
                f"{name} plugin; take it off PATH, or set PULUMI_IGNORE_AMBIENT_PLUGINS=true."
            )
        failed = None if (name, version) in listed else "the CLI does not list it"
        failed = failed or _start(_file(pulumi_home, name))
        if failed:
            raise SandboxError(
                f"Pulumi can't load the {kinds[name]} {name} plugin {version} from "
                f"{_file(pulumi_home, name).parent}: {failed}; {_remedy(name, kinds[name])}."
            )


def _listed(cli: Path, pulumi_home: Path) -> set[tuple[str, str]]:
    try:
        done = subprocess.run(
            [str(cli), "plugin", "ls", "--json", "--color", "never"],
            env={**os.environ, "PULUMI_HOME": str(pulumi_home), "PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_CLI_SECONDS,
            check=True,
        )
        entries = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise SandboxError(
            f"{cli} can't list the provider plugins ({error}); see what it says: "
            f"PULUMI_HOME={pulumi_home} {cli} plugin ls."
        ) from error
    return {(one["name"], str(one["version"])) for one in entries if one["kind"] == "resource"}


def _start(plugin: Path) -> str | None:
    """Why the system can't start the plugin; it is ended at once."""
    try:
        process = subprocess.Popen(
            [plugin, _NO_ENGINE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        return f"it can't be started ({error.strerror})"
    with process:
        os.killpg(process.pid, signal.SIGKILL)
    return None


def _ignores_path() -> bool:
    return os.environ.get("PULUMI_IGNORE_AMBIENT_PLUGINS", "").lower() in {"1", "true"}


def _remedy(name: str, kind: str) -> str:
    if kind == "real":
        return f"install it again: {_install_command(name)} --reinstall"
    return "make its folder writable and let it run programs, or name another with --folder"


def _install_command(name: str) -> str:
    # A shell that is pointed at the sandbox has the sandbox's PULUMI_HOME.
    return f"PULUMI_HOME={_USER_HOME} pulumi plugin install resource {name} {VERSIONS[name]}"


def _is_installed(source: Path, name: str, pulumi_home: Path) -> bool:
    plugin = _file(source, name)
    # The CLI leaves this mark beside a folder that it did not finish.
    partial = plugin.parent.with_name(f"{plugin.parent.name}.partial")
    return source.resolve() != pulumi_home.resolve() and plugin.exists() and not partial.exists()


def _link(source: Path, folder: Path) -> None:
    """Link the files, since the CLI takes no folder that is a link itself."""
    for entry in source.iterdir():
        (folder / entry.name).symlink_to(entry.resolve())


def _write_launcher(pulumi_home: Path, name: str) -> None:
    plugin = _file(pulumi_home, name)
    plugin.write_text(
        _LAUNCHER.format(
            python=shlex.quote(sys.executable),
            name=name,
        ),
        "utf-8",
    )
    plugin.chmod(0o755)


def _file(pulumi_home: Path, name: str) -> Path:
    return pulumi_home / "plugins" / f"resource-{name}-v{VERSIONS[name]}" / _file_name(name)


def _file_name(name: str) -> str:
    return f"pulumi-resource-{name}"


def _clear(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)
