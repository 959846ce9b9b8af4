"""Order among components: one waits for another as a whole, and so do its children."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pulumi
from pulumi.resource import DependencyResource


def waiting(
    opts: pulumi.ResourceOptions | None,
) -> tuple[pulumi.ResourceOptions, pulumi.ResourceOptions]:
    """A component's own options, and those by which its children wait for its `depends_on`.

    Pulumi does not hand `depends_on` on to children, which are what is made. The component itself
    waits for nothing: skipped after a failure, it would take its children along.
    """
    own = pulumi.ResourceOptions.merge(None, opts)
    after = pulumi.ResourceOptions(depends_on=own.depends_on)
    own.depends_on = None
    return own, after


def completed(
    component: pulumi.ComponentResource, children: Iterable[pulumi.CustomResource]
) -> asyncio.Future[pulumi.Resource]:
    """For `depends_on`: the component once its children are made, or a child that has failed.

    The SDK puts a component's children in its place. A resource that is skipped after a failure
    keeps the dependencies of its last update; where one of these is deleted in the same update, the
    engine writes a snapshot that it can't read again (3.259, "snapshot integrity failure"). The
    component stays as long as its children do, and on destroy the engine orders by its children
    all the same (pulumi/pulumi, pkg/resource/graph/dependency_graph.go, DependenciesOf).
    """
    return asyncio.ensure_future(_completed(component, list(children)))


async def _completed(
    component: pulumi.ComponentResource, children: list[pulumi.CustomResource]
) -> pulumi.Resource:
    failed = None
    for child in children:
        await child.urn.future()
        if not pulumi.runtime.is_dry_run() and not await child.id.is_known():
            failed = failed or child
    if failed is not None:
        return failed
    return DependencyResource(str(await component.urn.future()))
