"""Steps 5 and 6: the gallery application in Entra, and who is assigned to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi
import pulumi_azuread as azuread

from federation.access.assignments import PrincipalKey

# Microsoft Graph, "Configure SAML-based single sign-on": AWS IAM Identity Center in the gallery.
# The id is pinned, since the template's display name has changed once.
TEMPLATE_ID: Final = "21ed01d2-ec13-4e9e-86c1-cd546719ebc4"
_ROLE: Final = "User"


@dataclass(frozen=True, kw_only=True)
class NewGroup:
    """A security group that the stack makes; `owners` are Entra object ids.

    `members` are the direct ones by Entra object id, with the id under which an existing one is
    taken into the state (None for all others).
    """

    display_name: str
    owners: Sequence[str] = ()
    members: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class EnterpriseAppArgs:
    """`principals` holds an object id for each group and person that exists, or the group to make.

    `previous_keys` names the old key of a renamed one (`moved` in the access file).
    """

    display_name: str
    login_url: str | None
    notification_emails: Sequence[str]
    principals: Mapping[PrincipalKey, str | NewGroup]
    previous_keys: Mapping[PrincipalKey, PrincipalKey]
    protect: bool = False


class EnterpriseApp(pulumi.ComponentResource):
    """The enterprise application "AWS IAM Identity Center" under a name of one's own.

    **Pulumi type:** `federation:entra:EnterpriseApp`. Makes: ApplicationFromTemplate,
    ServicePrincipal (the one that the template made), Group for each new group, GroupMember for
    each of its members, AppRoleAssignment for each principal.
    """

    application_id: pulumi.Output[str]
    client_id: pulumi.Output[str]
    service_principal: azuread.ServicePrincipal
    assignments: Mapping[PrincipalKey, azuread.AppRoleAssignment]
    object_ids: Mapping[PrincipalKey, pulumi.Output[str]]

    def __init__(
        self, name: str, args: EnterpriseAppArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("federation:entra:EnterpriseApp", name, None, opts)
        kept = pulumi.ResourceOptions(parent=self, protect=args.protect or None)
        application = azuread.ApplicationFromTemplate(
            name, display_name=args.display_name, template_id=TEMPLATE_ID, opts=kept
        )
        self.application_id = application.application_id
        self.client_id = azuread.get_application_output(
            object_id=application.application_object_id,
            opts=pulumi.InvokeOutputOptions(parent=self),
        ).client_id
        self.service_principal = azuread.ServicePrincipal(
            name,
            client_id=self.client_id,
            use_existing=True,
            account_enabled=True,
            # False, the provider's default, would open the application to everybody in the tenant.
            app_role_assignment_required=True,
            preferred_single_sign_on_mode="saml",
            login_url=args.login_url,
            notification_email_addresses=list(args.notification_emails),
            # Keeps the tag that lists the application under "Enterprise applications".
            feature_tags=[azuread.ServicePrincipalFeatureTagArgs(enterprise=True)],
            # Whoever instantiates may own it: without this the second update would take that away.
            opts=pulumi.ResourceOptions.merge(
                kept, pulumi.ResourceOptions(ignore_changes=["owners"])
            ),
        )
        self.object_ids = self._create_groups(args)
        self.assignments = self._assign(args)
        self.register_outputs({"applicationId": self.application_id, "clientId": self.client_id})

    def _options(
        self, args: EnterpriseAppArgs, key: PrincipalKey, member: str = ""
    ) -> pulumi.ResourceOptions:
        old = args.previous_keys.get(key)
        aliases = [pulumi.Alias(name=f"{old.logical_name}{member}")] if old else None
        return pulumi.ResourceOptions(parent=self, aliases=aliases)

    def _create_groups(self, args: EnterpriseAppArgs) -> dict[PrincipalKey, pulumi.Output[str]]:
        ids: dict[PrincipalKey, pulumi.Output[str]] = {}
        for key, principal in sorted(args.principals.items()):
            if isinstance(principal, str):
                ids[key] = pulumi.Output.from_input(principal)
                continue
            ids[key] = azuread.Group(
                key.logical_name,
                display_name=principal.display_name,
                security_enabled=True,
                prevent_duplicate_names=True,
                owners=list(principal.owners) or None,
                # No members: the provider would forget a change of them that fails.
                opts=self._options(args, key),
            ).object_id
            self._add_members(args, key, principal, ids[key])
        return ids

    def _add_members(
        self,
        args: EnterpriseAppArgs,
        key: PrincipalKey,
        group: NewGroup,
        group_id: pulumi.Output[str],
    ) -> None:
        """Nothing depends on them: a member who can't be added keeps no access from the others."""
        for member, existing in sorted(group.members.items()):
            known = pulumi.ResourceOptions(
                import_=existing,
                # The program itself takes members out: the provider fails for ever on one who is
                # gone already, as after an answer that got lost.
                retain_on_delete=True,
            )
            azuread.GroupMember(
                f"{key.logical_name}/{member}",
                group_object_id=group_id,
                member_object_id=member,
                opts=pulumi.ResourceOptions.merge(self._options(args, key, f"/{member}"), known),
            )

    def _assign(self, args: EnterpriseAppArgs) -> dict[PrincipalKey, azuread.AppRoleAssignment]:
        role_id = self.service_principal.app_roles.apply(_user_role)
        return {
            key: azuread.AppRoleAssignment(
                key.logical_name,
                app_role_id=role_id,
                principal_object_id=object_id,
                resource_object_id=self.service_principal.object_id,
                opts=self._options(args, key),
            )
            for key, object_id in self.object_ids.items()
        }


def _user_role(roles: Sequence[Any]) -> str:
    """Id of the role "User": the provider's `app_role_ids` leaves out roles without a value."""
    for role in roles:
        if role["display_name"] == _ROLE:
            return str(role["id"])
    raise pulumi.RunError(
        f"the application has no app role {_ROLE!r}; was it made from another gallery template?"
    )
