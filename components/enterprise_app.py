"""Steps 5 and 6: the gallery application in Entra, and who is assigned to it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_azuread as azuread

from components.completion import completed
from federation.identity.application import GALLERY_TEMPLATE

_ROLE: Final = "User"


@dataclass(frozen=True, kw_only=True)
class NewGroup:
    """A security group to make; `owners` and direct `members` are Entra object ids.

    `member_imports` has the id under which a member who is in the group already is taken into the
    state.
    """

    display_name: pulumi.Input[str]
    owners: list[str] | None = None
    members: list[str] | None = None
    member_imports: dict[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class EnterpriseAppArgs:
    """The application's settings, and whom it is assigned to, each under a name of one's own.

    `principals` are groups and people by their Entra object id, `groups` those to make. `old_names`
    has the name that a renamed one had. Resources of groups and principals are named by `prefix`
    and that name. It is `<component's name>/`, so that two instances never collide; one instance of
    a stack may have another, as the empty one.
    """

    display_name: pulumi.Input[str]
    notification_emails: pulumi.Input[list[str]]
    principals: dict[str, pulumi.Input[str]]
    groups: dict[str, NewGroup] | None = None
    login_url: pulumi.Input[str] | None = None
    old_names: dict[str, str] | None = None
    prefix: str | None = None
    protect: bool | None = None


class EnterpriseApp(pulumi.ComponentResource):
    """The enterprise application "AWS IAM Identity Center" under a name of one's own.

    **Pulumi type:** `federation:entra:EnterpriseApp`. Makes: ApplicationFromTemplate,
    ServicePrincipal (the one that the template made), Group for each new group, GroupMember for
    each of its members, AppRoleAssignment for each principal.

    Beside the outputs, for `depends_on` in Python: `service_principal`, `assignments` by name, and
    `completed` (all assignments). `object_ids` are those of all principals, by name.
    """

    application_id: pulumi.Output[str]
    client_id: pulumi.Output[str]
    service_principal_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: EnterpriseAppArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("federation:entra:EnterpriseApp", name, None, opts)
        self._prefix = f"{name}/" if args.prefix is None else args.prefix
        kept = pulumi.ResourceOptions(parent=self, protect=args.protect or None)
        application = azuread.ApplicationFromTemplate(
            name, display_name=args.display_name, template_id=GALLERY_TEMPLATE, opts=kept
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
            notification_email_addresses=args.notification_emails,
            # Keeps the tag that lists the application under "Enterprise applications".
            feature_tags=[azuread.ServicePrincipalFeatureTagArgs(enterprise=True)],
            # Whoever instantiates may own it: without this the second update would take that away.
            opts=pulumi.ResourceOptions.merge(
                kept, pulumi.ResourceOptions(ignore_changes=["owners"])
            ),
        )
        self.service_principal_id = self.service_principal.id
        self.object_ids: dict[str, pulumi.Output[str]] = {
            **{key: pulumi.Output.from_input(ident) for key, ident in args.principals.items()},
            **self._create_groups(args),
        }
        self.assignments: dict[str, azuread.AppRoleAssignment] = self._assign(args)
        self.completed: asyncio.Future[pulumi.Resource] = completed(self, self.assignments.values())
        self.register_outputs({"applicationId": self.application_id, "clientId": self.client_id})

    def _options(
        self, args: EnterpriseAppArgs, key: str, member: str = ""
    ) -> pulumi.ResourceOptions:
        old = (args.old_names or {}).get(key)
        aliases = [pulumi.Alias(name=f"{self._prefix}{old}{member}")] if old else None
        return pulumi.ResourceOptions(parent=self, aliases=aliases)

    def _create_groups(self, args: EnterpriseAppArgs) -> dict[str, pulumi.Output[str]]:
        ids: dict[str, pulumi.Output[str]] = {}
        for key, group in sorted((args.groups or {}).items()):
            ids[key] = azuread.Group(
                f"{self._prefix}{key}",
                display_name=group.display_name,
                security_enabled=True,
                prevent_duplicate_names=True,
                owners=group.owners or None,
                # No members: the provider would forget a change of them that fails.
                opts=self._options(args, key),
            ).object_id
            self._add_members(args, key, group, ids[key])
        return ids

    def _add_members(
        self, args: EnterpriseAppArgs, key: str, group: NewGroup, group_id: pulumi.Output[str]
    ) -> None:
        """Nothing depends on them: a member who can't be added keeps no access from the others."""
        imports = group.member_imports or {}
        for member in sorted(group.members or ()):
            known = pulumi.ResourceOptions(
                import_=imports.get(member),
                # The program itself takes members out: the provider fails for ever on one who is
                # gone already, as after an answer that got lost.
                retain_on_delete=True,
            )
            azuread.GroupMember(
                f"{self._prefix}{key}/{member}",
                group_object_id=group_id,
                member_object_id=member,
                opts=pulumi.ResourceOptions.merge(self._options(args, key, f"/{member}"), known),
            )

    def _assign(self, args: EnterpriseAppArgs) -> dict[str, azuread.AppRoleAssignment]:
        role_id = self.service_principal.app_roles.apply(_user_role)
        return {
            key: azuread.AppRoleAssignment(
                f"{self._prefix}{key}",
                app_role_id=role_id,
                principal_object_id=object_id,
                resource_object_id=self.service_principal.object_id,
                opts=self._options(args, key),
            )
            for key, object_id in sorted(self.object_ids.items())
        }


def _user_role(roles: Sequence[Any]) -> str:
    """Id of the role "User": the provider's `app_role_ids` leaves out roles without a value."""
    for role in roles:
        if role["display_name"] == _ROLE:
            return str(role["id"])
    raise pulumi.RunError(
        f"the application has no app role {_ROLE!r}; was it made from another gallery template?"
    )
