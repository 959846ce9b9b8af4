"""Steps 1 and 2: the instance that a person enabled, as the rest of the program sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from federation.identity.instance import Instance


@dataclass(frozen=True, kw_only=True)
class IdentityCenterArgs:
    """`access_control_attributes`: source by tag key, as `${path:enterprise.department}`.

    `baseline` is kept for the next access diff (federation/access/baseline.py).
    """

    instance: Instance
    access_portal_url: str
    access_control_attributes: Mapping[str, str]
    baseline: Mapping[str, object]


class IdentityCenter(pulumi.ComponentResource):
    """The organization's Identity Center instance; it is found, never made and never deleted.

    **Pulumi type:** `federation:aws:IdentityCenter`. Makes: InstanceAccessControlAttributes when
    attributes for access control are configured.
    """

    instance_arn: str
    identity_store_id: str
    access_portal_url: str

    def __init__(
        self, name: str, args: IdentityCenterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("federation:aws:IdentityCenter", name, None, opts)
        self.instance_arn = args.instance.arn
        self.identity_store_id = args.instance.identity_store_id
        self.access_portal_url = args.access_portal_url
        if args.access_control_attributes:
            aws.ssoadmin.InstanceAccessControlAttributes(
                name,
                instance_arn=self.instance_arn,
                attributes=[
                    aws.ssoadmin.InstanceAccessControlAttributesAttributeArgs(
                        key=key,
                        values=[
                            aws.ssoadmin.InstanceAccessControlAttributesAttributeValueArgs(
                                sources=[source]
                            )
                        ],
                    )
                    for key, source in sorted(args.access_control_attributes.items())
                ],
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs(
            {
                "instanceArn": self.instance_arn,
                "identityStoreId": self.identity_store_id,
                "accessPortalUrl": self.access_portal_url,
                # Here, not among the stack's outputs, which every update prints.
                "baseline": args.baseline,
            }
        )
