"""Whether the clouds that the program talks to are emulated on this machine."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from federation.identity.saml_metadata import LOOPBACK


def is_emulated() -> bool:
    """Whether the environment sends every call of both clouds to this machine, as the sandbox does.

    The variables are those that botocore and the azuread provider read: where they are set nothing
    of the real clouds can be reached, so no production update is ever taken for an emulated one.
    """
    aws = os.environ.get("AWS_ENDPOINT_URL", "")
    entra = os.environ.get("ARM_METADATA_HOSTNAME", "")
    try:
        hosts = {urlsplit(aws).hostname, urlsplit(f"//{entra}").hostname}
    except ValueError:
        return False
    return hosts <= LOOPBACK
