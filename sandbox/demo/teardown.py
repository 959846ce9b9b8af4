"""The end of the story: everything that the stack made is gone, everything else is still there."""

from __future__ import annotations

from typing import Any

from sandbox.demo.evidence import Clouds
from sandbox.demo.narrator import Narrator, count, require
from sandbox.pulumi import PulumiStack

_GROUP = "azuread:index/group:Group"


def tear_down(stack: PulumiStack, clouds: Clouds, narrator: Narrator) -> None:
    """Destroy the stack and prove it. Raises SandboxError when anything is left, or is missing."""
    made = _resources(stack)
    require(made, "The stack is empty; play the story first: script/demo")
    made_groups = {resource["id"].rpartition("/")[2] for resource in made[_GROUP]}
    app_id = _app_id(made)
    people, groups = clouds.directory()
    instances = clouds.aws.instances()
    with narrator.step(None, "pulumi destroy") as line:
        run = stack.destroy()
        deleted = [step for step in run.changes if step.op == "delete"]
        require(not _resources(stack), "The stack still knows resources.")
        line.evidence = f"{count(len(deleted), 'resource')} deleted"
    with narrator.step(None, "Nothing is left in Entra") as line:
        applications = list(clouds.graph.all("/v1.0/applications"))
        require(
            app_id not in {application["appId"] for application in applications},
            f"The application {app_id} is still there.",
        )
        principals = list(clouds.graph.all("/v1.0/servicePrincipals"))
        require(
            app_id not in {principal["appId"] for principal in principals},
            f"The service principal of {app_id} is still there.",
        )
        jobs = [job for principal in principals for job in clouds.jobs(principal["id"])]
        require(not jobs, f"{count(len(jobs), 'provisioning job')} still there.")
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


def _app_id(made: dict[str, list[dict[str, Any]]]) -> str:
    principals = made.get("azuread:index/servicePrincipal:ServicePrincipal", [])
    require(principals, "The stack has no service principal.")
    return str(principals[0]["outputs"]["clientId"])
