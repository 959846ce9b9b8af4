"""What a person does in the AWS console: the hand-off steps, one function each.

They exist because AWS has no public API for them (identity source, portal URL, SAML metadata,
automatic provisioning); each returns what the console would show.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import urllib3

from entra_aws_sandbox.control import post
from entra_aws_sandbox.folder import Folder, Running, SandboxError

_TIMEOUT_SECONDS = 15.0


class Console:
    """The AWS console of a running sandbox. Every method raises SandboxError with a sentence."""

    def __init__(self, folder: Folder, running: Running) -> None:
        self._folder = folder
        self._url = f"{running.awsUrl}/_sandbox/console/"

    def enable(self) -> dict[str, Any]:
        """Step 1: enable IAM Identity Center with the organization."""
        return self._click("enable")

    def portal_url(self, alias: str) -> dict[str, Any]:
        """Step 2: customize the access portal URL."""
        return self._click("portal-url", {"alias": alias})

    def external_idp(self) -> dict[str, Any]:
        """Step 3: begin the change of the identity source; shows the SP metadata."""
        return self._click("external-idp")

    def upload_idp_metadata(self, source: str) -> dict[str, Any]:
        """Step 8: upload Entra's federation metadata, a file or a URL, and accept the change."""
        return self._click("upload-idp-metadata", {"metadata": self._read(source)})

    def provisioning(self) -> dict[str, Any]:
        """Step 9: enable automatic provisioning; shows the SCIM endpoint and the token."""
        return self._click("provisioning")

    def rotate_token(self) -> dict[str, Any]:
        """Make the second access token; AWS allows no third."""
        return self._click("rotate-token")

    def delete_token(self, token_id: str | None) -> dict[str, Any]:
        """Delete an access token, the oldest one if none is named."""
        return self._click("delete-token", {"tokenId": token_id} if token_id else {"oldest": True})

    def delete(self) -> dict[str, Any]:
        """Ask to delete the instance, which the sandbox refuses."""
        return self._click("delete")

    def _click(self, action: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return post(self._url + action, body)

    def _read(self, source: str) -> str:
        if source.startswith(("http://", "https://")):
            return self._download(source)
        try:
            return Path(source).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise SandboxError(f"The metadata file {source} cannot be read.") from error

    def _download(self, url: str) -> str:
        # One failing answer is an answer: retries would only hide how Entra behaves.
        with urllib3.PoolManager(
            retries=False, ssl_context=ssl.create_default_context(cafile=str(self._folder.ca))
        ) as pool:
            try:
                answer = pool.request("GET", url, timeout=_TIMEOUT_SECONDS)
            except urllib3.exceptions.HTTPError as error:
                raise SandboxError(f"Nothing answers at {url}") from error
        if answer.status != 200:
            raise SandboxError(f"{url} answers {answer.status}, not the federation metadata.")
        return answer.data.decode()


def shown(answer: Mapping[str, Any]) -> str:
    """An answer as the console lays it out: one labelled line a value."""
    width = max((len(_label(key)) for key in answer), default=0)
    return "\n".join(f"{_label(key):<{width}}  {_value(value)}" for key, value in answer.items())


def _label(key: str) -> str:
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in key)
    return words[:1].upper() + words[1:]


def _value(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(_value(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{_label(key).lower()} {item}" for key, item in value.items())
    return str(value)
