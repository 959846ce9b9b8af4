"""The end of the story: everything that the stack made is gone, everything else is still there."""

from __future__ import annotations

from typing import Any

from demo.evidence import Clouds
from demo.narrator import Narrator, count, require
from entra_aws_sandbox.pulumi import PulumiStack

_GROUP = "azuread:index/group:Group"


def tear_down(stack: PulumiStack, clouds: Clouds, narrator: Narrator) -> None:
    """Destroy the stack and prove it. Raises SandboxError when anything is left, or is missing."""
    made = _resources(stack)
    require(made, "The stack is empty; play the story first: script/demo")
    made_groups = {resource["id"].rpartition("/")[2] for resource in made[_GROUP]}
    app_id, principal = _enterprise_app(made)
    require(clouds.jobs(principal.rpartition("/")[2]), "The stack has no provisioning job.")
    people, groups = clouds.directory()
    instances = clouds.aws.instances()
    with narrator.step(None, "pulumi destroy") as line:
        run = stack.destroy()
        deleted = [step for step in run.changes if step.op == "delete"]
        require(not _resources(stack), "The stack still knows resources.")
        line.evidence = f"{count(len(deleted), 'resource')} deleted"
    with narrator.step(None, "Nothing is left in Entra") as line:
        for collection in ("applications", "servicePrincipals"):
            left = {item["appId"] for item in clouds.graph.all(f"/v1.0/{collection}")}
            require(app_id not in left, f"{app_id} is still among Entra's {collection}.")
        # Jobs and secrets live in the service principal; the stack may only look at its own.
        for part in ("jobs", "secrets"):
            path = f"{principal}/synchronization/{part}"
            require(not clouds.graph.exists(path), f"Entra still has {path}.")
        line.evidence = "no application, service principal, provisioning job or secret"
    with narrator.step(None, "Nothing is left in AWS") as line:
        sets = clouds.aws.permission_sets()
        require(not sets, f"Permission sets still there: {', '.join(sets.values())}.")
        line.evidence = "no permission set, so no assignment"
    with narrator.step(None, "What was there before remains") as line:
        require(clouds.aws.instances() == instances, "The Identity Center instance has changed.")
        people_now, groups_now = clouds.directory()
        require(people_now == people, "People have gone from Entra, or new ones have come.")
        require(groups_now == groups - made_groups, "The groups are not those of before.")
        line.evidence = (
            f"{count(len(people_now), 'person', 'people')}, {count(len(groups_now), 'group')}, "
            "the Identity Center instance"
        )


def _resources(stack: PulumiStack) -> dict[str, list[dict[str, Any]]]:
    """The stack's cloud resources by type."""
    resources: dict[str, list[dict[str, Any]]] = {}
    for resource in stack.export()["deployment"].get("resources", []):
        if resource.get("custom") and not resource["type"].startswith("pulumi:"):
            resources.setdefault(resource["type"], []).append(resource)
    if resources:
        resources.setdefault(_GROUP, [])
    return resources


def _enterprise_app(made: dict[str, list[dict[str, Any]]]) -> tuple[str, str]:
    """The enterprise app's appId, and the path of its service principal in Graph."""
    principals = made.get("azuread:index/servicePrincipal:ServicePrincipal", [])
    require(principals, "The stack has no service principal.")
    outputs = principals[0]["outputs"]
    return str(outputs["clientId"]), f"/v1.0/servicePrincipals/{outputs['objectId']}"
