"""Members and owners of a group in Entra: seen, and changed behind the stack's back."""

from __future__ import annotations

from entra_aws_sandbox.admin import GraphAdmin


def linked(graph: GraphAdmin, group: str, relation: str = "members") -> set[str]:
    """The user principal names of a group's members or owners."""
    return {one["userPrincipalName"] for one in graph.all(f"{_path(graph, group)}/{relation}")}


def link(graph: GraphAdmin, group: str, person: str, relation: str = "members") -> None:
    """Add somebody by hand."""
    address = f"{graph.graph}/v1.0/directoryObjects/{object_id(graph, person)}"
    graph.call("POST", f"{_path(graph, group)}/{relation}/$ref", {"@odata.id": address})


def unlink(graph: GraphAdmin, group: str, person: str, relation: str = "members") -> None:
    """Take somebody away by hand."""
    graph.call("DELETE", f"{_path(graph, group)}/{relation}/{object_id(graph, person)}/$ref")


def object_id(graph: GraphAdmin, person: str) -> str:
    """The Entra object id of somebody by user principal name."""
    users = graph.all("/v1.0/users")
    return next(str(one["id"]) for one in users if one["userPrincipalName"] == person)


def _path(graph: GraphAdmin, group: str) -> str:
    groups = graph.all("/v1.0/groups")
    return "/v1.0/groups/" + next(one["id"] for one in groups if one["displayName"] == group)
