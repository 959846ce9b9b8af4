"""Names that this stack's resources had before components named their children after themselves.

The one place that knows them. Components know nothing of it: an alias of theirs would let a second
instance take over what the first one made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pulumi

from federation.core.urn import (
    ACCESS_ATTRIBUTES,
    APPLICATION,
    CERTIFICATE,
    IDENTIFIER,
    REPLY_URLS,
    SERVICE_PRINCIPAL,
    SYNCHRONIZATION_JOB,
    SYNCHRONIZATION_SECRET,
)

_FIXED: Final[Mapping[str, str]] = {
    APPLICATION: "application",
    SERVICE_PRINCIPAL: "service-principal",
    IDENTIFIER: "identifier-uri",
    REPLY_URLS: "redirect-uris",
    SYNCHRONIZATION_SECRET: "secret",
    SYNCHRONIZATION_JOB: "job",
    ACCESS_ATTRIBUTES: "access-control-attributes",
}


def old_name(type_token: str, name: str) -> str | None:
    """The name that the resource of this type and name had, None where it has its name still."""
    if type_token == CERTIFICATE:
        return f"signing-certificate-{name.rpartition('/')[2]}"
    return _FIXED.get(type_token)


def keep_old_resources() -> pulumi.ResourceOptions:
    """Options of a component: its children take over what is in the state under their old names."""
    return pulumi.ResourceOptions(transformations=[_with_alias])


def _with_alias(
    args: pulumi.ResourceTransformationArgs,
) -> pulumi.ResourceTransformationResult | None:
    old = old_name(args.type_, args.name)
    if old is None:
        return None
    aliases = pulumi.ResourceOptions(aliases=[pulumi.Alias(name=old)])
    return pulumi.ResourceTransformationResult(
        args.props, pulumi.ResourceOptions.merge(args.opts, aliases)
    )
