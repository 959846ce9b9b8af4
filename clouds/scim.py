"""The SCIM endpoint of Identity Center: is the token good?"""

from __future__ import annotations

import urllib3

from clouds.entra import http


class ScimError(RuntimeError):
    """The endpoint can't be used with this token; the message is one sentence for a person."""


def try_token(endpoint: str, access_token: str) -> None:
    """Read the ServiceProviderConfig with the token (RFC 7644 §4), which changes nothing.

    Raises ScimError when the endpoint refuses or does not answer: a refused token, once written to
    Entra, would put the provisioning job into quarantine.
    """
    try:
        answer = http().request(
            "GET",
            f"{endpoint}/ServiceProviderConfig",
            headers={"Authorization": f"Bearer {access_token}"},
            redirect=False,
        )
    except urllib3.exceptions.HTTPError:
        raise ScimError(f"the SCIM endpoint {endpoint} can't be reached") from None
    if answer.status in {401, 403}:
        raise ScimError(
            f"the SCIM endpoint {endpoint} refuses the access token; generate a new one in the IAM "
            "Identity Center console (Settings > Automatic provisioning > Generate token) and set "
            "it as provisioning.accessToken with --secret"
        )
    if answer.status != 200:
        raise ScimError(f"the SCIM endpoint {endpoint} answers with HTTP {answer.status}")
