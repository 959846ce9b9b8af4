"""Steps 1 and 2: the instance that a person enabled, as the rest of the program sees it."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class IdentityCenterArgs:
    """The instance, and what it takes from sign-ins.

    `access_control_attributes`: source by tag key, as `${path:enterprise.department}`.
    """

    instance_arn: pulumi.Input[str]
    identity_store_id: pulumi.Input[str]
    access_portal_url: pulumi.Input[str]
    access_control_attributes: dict[str, str] | None = None


class IdentityCenter(pulumi.ComponentResource):
    """The organization's Identity Center instance; it is found, never made and never deleted.

    **Pulumi type:** `federation:aws:IdentityCenter`. Makes: InstanceAccessControlAttributes when
    attributes for access control are configured.
    """

    instance_arn: pulumi.Output[str]
    identity_store_id: pulumi.Output[str]
    access_portal_url: pulumi.Output[str]

    def __init__(
        self, name: str, args: IdentityCenterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("federation:aws:IdentityCenter", name, None, opts)
        self.instance_arn = pulumi.Output.from_input(args.instance_arn)
        self.identity_store_id = pulumi.Output.from_input(args.identity_store_id)
        self.access_portal_url = pulumi.Output.from_input(args.access_portal_url)
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
            }
        )
