"""The environment that makes providers, SDKs and programs talk to the sandbox."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

from entra_aws_sandbox.folder import Folder, Running, SandboxError

LOOPBACK_HOSTS = "127.0.0.1,localhost"
# What a shell made for real clouds may hold, and what would then beat the sandbox's variables.
_DROPPED = (
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "ARM_USE_OIDC",
    "ARM_OIDC_TOKEN",
    "ARM_CLIENT_CERTIFICATE_PATH",
    "ARM_ENVIRONMENT",
    "PULUMI_ACCESS_TOKEN",
    "PULUMI_CONFIG_PASSPHRASE",
    "PULUMI_DEBUG_PROVIDERS",
    "PULUMI_STACK",
)


def pulumi_cli() -> Path:
    """The Pulumi CLI: the one beside this Python interpreter, else the one on PATH.

    Raises SandboxError when there is none.
    """
    found = find_pulumi()
    if found is None:
        raise SandboxError(
            "There is no Pulumi CLI on PATH or beside Python; install it: "
            "https://www.pulumi.com/docs/iac/download-install"
        )
    return found


def find_pulumi() -> Path | None:
    """The same, or None when there is none."""
    own = Path(sys.executable).with_name("pulumi")
    found = str(own) if own.exists() else shutil.which("pulumi")
    return Path(found) if found else None


def environment(folder: Folder, running: Running) -> dict[str, str]:
    """Every variable that points a shell at the running sandbox; all paths absolute.

    The azuread provider finds Graph and the login host through ARM_METADATA_HOSTNAME, always
    over https, and trusts the authority in SSL_CERT_FILE. Set in every run, not only in tests:
    PULUMI_CONTINUE_ON_ERROR, so that a failing grant does not block a revocation, and
    PULUMI_ERROR_OUTPUT_STRING, which makes an error of a str() of an Output.
    """
    secrets = folder.secrets()
    return {
        "AWS_ENDPOINT_URL": running.awsUrl,
        "AWS_ACCESS_KEY_ID": secrets.awsAccessKeyId,
        "AWS_SECRET_ACCESS_KEY": secrets.awsSecretAccessKey,
        "AWS_REGION": running.region,
        "AWS_DEFAULT_REGION": running.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "ARM_METADATA_HOSTNAME": running.metadataHost,
        "SSL_CERT_FILE": str(folder.ca),
        "ARM_TENANT_ID": running.tenantId,
        "ARM_CLIENT_ID": secrets.clientId,
        "ARM_CLIENT_SECRET": secrets.clientSecret,
        "ARM_USE_CLI": "false",
        "PULUMI_HOME": str(folder.pulumi_home),
        # The file backend rewrites a sidecar of metadata in place; a program that reads its own
        # checkpoint while the engine writes it would sometimes find the sidecar empty (EOF).
        "PULUMI_BACKEND_URL": f"file://{folder.state}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(folder.passphrase),
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_CONTINUE_ON_ERROR": "true",
        "PULUMI_ERROR_OUTPUT_STRING": "true",
        "NO_PROXY": LOOPBACK_HOSTS,
        "no_proxy": LOOPBACK_HOSTS,
        "PATH": os.pathsep.join([*map(str, _tool_folders()), os.environ["PATH"]]),
    }


def _tool_folders() -> list[Path]:
    cli = find_pulumi()
    return [Path(sys.executable).parent, *([cli.parent] if cli else [])]


def for_children(folder: Folder, running: Running) -> dict[str, str]:
    """A whole environment for a child process: this one's, pointed at the sandbox."""
    inherited = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    return inherited | environment(folder, running)


def as_shell(variables: dict[str, str]) -> str:
    """Lines for ``eval "$(entra-aws-sandbox env)"``."""
    dropped = "".join(f"unset {name}\n" for name in _DROPPED)
    return dropped + "\n".join(
        f"export {name}={shlex.quote(value)}" for name, value in variables.items()
    )
