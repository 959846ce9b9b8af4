"""The program of an access stack: rules and permission sets on somebody else's federation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pulumi

from clouds.arrivals import ArrivalWait
from clouds.aws import Aws
from clouds.facts import read_facts, read_site
from clouds.graph import Graph
from clouds.permission_sets import set_repairer
from federation.engine.phase import Phase
from federation.engine.repairs import PermissionSetRepair, RepairLog
from federation.identity.instance import Instance
from federation.update.access_stack import (
    KEY,
    AccessStackSettings,
    FederationStack,
    check_access,
    check_own_checkpoint,
    check_sets,
    load_access_stack,
    seen_through,
)
from federation.update.desired_state import DesiredState, desired_state
from federation.update.plan import Plan, UpdateStoppedError, plan_access
from federation.update.settings import NAMESPACE
from program.checkpoint import read_checkpoint
from program.grants import Grants, grant
from program.inputs import (
    check_management_access,
    configuration,
    configuration_digest,
    configuration_file,
    usable_access,
)
from program.management_access import provider_of
from program.placeholders import Placeholders
from program.repairs import repair


@dataclass(frozen=True, kw_only=True)
class AccessInputs:
    """Everything decided and read; no resource has been registered, nothing was changed.

    `repairs` are those that the checkpoint remembers, `repair_set` makes one.
    """

    settings: AccessStackSettings
    federation: FederationStack
    instance: Instance
    plan: Plan
    desired_state: DesiredState
    accounts: Mapping[str, str]
    placeholders: Placeholders
    repairs: RepairLog
    repair_set: Callable[[PermissionSetRepair], None]
    wait: ArrivalWait
    region: str

    def repaired(self) -> AccessInputs:
        """The inputs once everything is repaired that the plan names, or is tried (`up` only)."""
        makers = {"permissionSet": self.repair_set}
        return replace(self, plan=repair(self.plan, self.repairs, makers))


def is_access_stack() -> bool:
    """Whether the configuration names a federation stack to build upon."""
    return KEY in configuration(NAMESPACE)


def read_access_inputs(root: Path) -> AccessInputs:
    """Load, validate, look up and decide; paths are relative to `root`.

    Raises the same errors as `read_inputs`, before anything is changed.
    """
    own, placeholders = read_checkpoint()
    file, content = configuration_file()
    settings = load_access_stack(configuration(NAMESPACE), file=file, content=content)
    check_own_checkpoint(own)
    federation = _federation_stack(settings)
    access = usable_access(settings.access, root)
    check_access(access, federation.name)
    graph = Graph.connect(configuration("azuread"))
    aws = Aws.connect(configuration("aws"))
    site = read_site(aws, tags=access.uses_tags)
    instance = site.instance
    if instance is None or instance.arn != federation.instance_arn:
        raise UpdateStoppedError(
            f"the federation stack {federation.name} is of the instance {federation.instance_arn}, "
            f"which is not the one in {aws.region_name}: correct aws:region or {NAMESPACE}:{KEY}"
        )
    check_sets(
        access,
        own.permission_sets,
        aws.permission_sets(instance.arn, but=own.permission_sets),
        instance.arn,
    )
    facts, directory = read_facts(site, access, own, graph=graph, aws=aws)
    facts = seen_through(federation, facts)
    preview = pulumi.runtime.is_dry_run()
    plan = plan_access(settings, access, facts, phase=Phase.ACCESS, preview=preview)
    check_management_access(
        plan,
        management=site.organization.management_account_id,
        caller=aws.caller_account_id(),
        configured=settings.identity_center.management_access is not None,
    )
    return AccessInputs(
        placeholders=placeholders,
        settings=settings,
        federation=federation,
        instance=instance,
        plan=plan,
        desired_state=desired_state(
            settings,
            access,
            facts,
            plan,
            people=directory.people,
            files=configuration_digest(),
        ),
        accounts=site.organization.account_paths,
        repairs=own.repairs,
        repair_set=set_repairer(
            aws,
            instance,
            site.organization,
            access=settings.identity_center.management_access,
            management_sets=plan.management_sets,
        ),
        wait=ArrivalWait(
            graph=graph,
            aws=aws,
            identity_store_id=instance.identity_store_id,
            wanted={key: facts.principals[key] for key in plan.expected},
            labels=plan.labels,
            seconds=settings.wait_minutes * 60,
            progress=pulumi.log.info,
        ),
        region=aws.region_name,
    )


def compose_access_stack(inputs: AccessInputs) -> None:
    """Register what this stack gives, and the reference to the stack that it builds upon."""
    reference = pulumi.StackReference("federation", stack_name=inputs.federation.name)
    plan, wanted = inputs.plan, inputs.wait.wanted
    pulumi.export("phase", plan.phase)
    grant(
        Grants(
            instance=inputs.instance,
            plan=plan,
            job_path=reference.require_output("jobPath"),
            object_ids={
                key: pulumi.Output.from_input(principal.object_id or "")
                for key, principal in wanted.items()
            },
            wait=inputs.wait,
            management=provider_of(
                inputs.settings.identity_center.management_access, plan, region=inputs.region
            ),
        )
    )


def _federation_stack(settings: AccessStackSettings) -> FederationStack:
    """What the federation stack exports, read at once: what to register depends on it."""
    name = settings.reference(organization=pulumi.get_organization(), project=pulumi.get_project())
    try:
        # The engine's built-in invoke behind stack references; of another stack, only outputs.
        answer = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": name}).value
    except Exception as error:  # noqa: BLE001 - the SDK raises plain Exception for a failed invoke
        raise UpdateStoppedError(
            f"the federation stack {name} can't be read: {str(error).splitlines()[0]}; correct "
            f"{NAMESPACE}:{KEY}"
        ) from None
    return FederationStack.read(name, (answer or {}).get("outputs") or {})
