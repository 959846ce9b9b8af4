"""The Graph and SCIM clients against the emulated clouds, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clouds.directory import read_directory
from clouds.entra import EntraError, endpoints, http
from clouds.graph import Graph
from clouds.rescuers import read_rescuers
from clouds.scim import ScimError, try_token
from entra_aws_sandbox.testing import Sandbox
from federation.access.access import Access, load_access
from federation.access.assignments import PrincipalKey
from federation.core.errors import InvalidInput
from federation.engine.checkpoint import Checkpoint


@pytest.fixture
def graph(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Graph:
    for name, value in sandbox.environment.items():
        if name.startswith(("ARM_", "SSL_")):
            monkeypatch.setenv(name, value)
    return Graph.connect({})


def access(tmp_path: Path, text: str) -> Access:
    (tmp_path / "access.yaml").write_text(text)
    return load_access(["access.yaml"], root=tmp_path)


def test_the_national_clouds_are_known_and_others_are_refused() -> None:
    assert endpoints(http(), {}).graph == "https://graph.microsoft.com"
    assert endpoints(http(), {"environment": "china"}).login.endswith(".cn")
    with pytest.raises(EntraError, match="known: public, usgovernment, dod, china"):
        endpoints(http(), {"environment": "moon"})


def test_a_metadata_host_that_does_not_answer_is_said_in_a_sentence() -> None:
    with pytest.raises(EntraError, match="is the sandbox running"):
        endpoints(http(), {"metadataHost": "127.0.0.1:9"})


def test_a_wrong_secret_is_refused_in_entras_words(graph: Graph) -> None:
    stranger = Graph.connect({"clientSecret": "wrong"})
    with pytest.raises(EntraError, match="AADSTS7000215"):
        stranger.call("GET", "/groups")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"ARM_OIDC_TOKEN_FILE_PATH": "/nowhere/token"}, "token file /nowhere/token can't be read"),
        ({"ARM_OIDC_REQUEST_URL": "{url}/?x=1"}, "127.0.0.1:[0-9]+ gives no federated token"),
        ({"ARM_OIDC_REQUEST_URL": "{url}/metadata/endpoints?x=1"}, "gives no federated token"),
    ],
)
def test_a_federated_token_that_can_not_be_had_is_said_in_a_sentence(
    graph: Graph,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    said: str,
) -> None:
    monkeypatch.delenv("ARM_CLIENT_SECRET")
    monkeypatch.setenv("ARM_USE_OIDC", "true")
    monkeypatch.setenv("ARM_OIDC_REQUEST_TOKEN", "bearer-of-the-run")
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(url=sandbox.running.entraUrl))
    with pytest.raises(EntraError, match=said) as refused:
        Graph.connect({}).call("GET", "/groups")
    assert "bearer-of-the-run" not in str(refused.value)


def test_more_names_than_a_filter_takes_are_found_in_batches(graph: Graph) -> None:
    people = [f"{name}@example.com" for name in ("ada", "bob", "carol", "dave", "erin", "frank")]
    made_by_hand = [f"nobody-{number}@example.com" for number in range(40)]
    found = {person["userPrincipalName"] for person in graph.users_by_name(made_by_hand + people)}
    assert found == set(people)


def test_the_directory_answers_for_groups_and_people(graph: Graph, tmp_path: Path) -> None:
    declared = access(
        tmp_path,
        """
groups:
  platform: {displayName: AWS-Platform}
  new: {displayName: AWS-New, create: true, owners: [ada@example.com]}
users:
  ada: {userPrincipalName: ada@example.com}
  mallory: {userPrincipalName: mallory@example.com}
""",
    )
    directory = read_directory(
        graph, declared, Checkpoint(object_ids={PrincipalKey("GROUP", "new"): "known-id"})
    )
    principals = directory.principals
    assert principals[PrincipalKey("GROUP", "platform")].object_id
    assert principals[PrincipalKey("GROUP", "new")].object_id == "known-id"
    assert principals[PrincipalKey("USER", "ada")].obstacle == ""
    assert "disabled" in principals[PrincipalKey("USER", "mallory")].obstacle
    assert "ada@example.com" in directory.people


def test_everything_that_entra_lacks_is_named_at_once(graph: Graph, tmp_path: Path) -> None:
    declared = access(
        tmp_path,
        """
groups:
  lower: {displayName: aws-platform}
  gone: {objectId: 00000000-0000-0000-0000-00000000dead}
  new: {displayName: AWS-New, create: true, owners: [nobody@example.com]}
users:
  ghost: {userPrincipalName: ghost@example.com}
""",
    )
    with pytest.raises(InvalidInput) as caught:
        read_directory(graph, declared, Checkpoint())
    message = str(caught.value)
    for part in ("'aws-platform'", "dead", "'nobody@example.com'", "'ghost@example.com'"):
        assert part in message
    assert "access.yaml:3:" in message
    assert "4 errors, nothing was changed." in message


@pytest.fixture
def billing(graph: Graph) -> Iterator[tuple[str, str]]:
    """The object ids of AWS-Billing and of a second group that somebody gave the same name."""
    twin = {
        "displayName": "AWS-Billing",
        "mailEnabled": False,
        "mailNickname": "twin",
        "securityEnabled": True,
    }
    (first,) = graph.groups_by_name(["AWS-Billing"])
    second = graph.call("POST", "/groups", twin)
    yield first["id"], second["id"]
    graph.call("DELETE", f"/groups/{second['id']}")


BILLING = PrincipalKey("GROUP", "billing")


def test_two_groups_of_one_name_need_an_object_id(
    graph: Graph, tmp_path: Path, billing: tuple[str, str]
) -> None:
    declared = access(tmp_path, "groups: {billing: {displayName: AWS-Billing}}")
    unknown = Checkpoint(holders={BILLING: "00000000-0000-0000-0000-00000000dead"})
    both = Checkpoint(object_ids={BILLING: billing[0]}, holders={BILLING: billing[1]})
    for checkpoint in (Checkpoint(), unknown, both):
        with pytest.raises(InvalidInput, match="name the right one with objectId"):
            read_directory(graph, declared, checkpoint)


@pytest.mark.parametrize("memory", ["object_ids", "holders"])
@pytest.mark.parametrize("moved", [False, True])
def test_the_group_that_the_stack_knows_is_preferred_to_a_second_one_of_its_name(
    graph: Graph, tmp_path: Path, billing: tuple[str, str], memory: str, moved: bool
) -> None:
    """Any tenant user may make a second group: it must not keep access from being revoked."""
    text = "groups: {billing: {displayName: AWS-Billing}}\n"
    declared = access(tmp_path, text + ("moved: {finance: billing}" if moved else ""))
    key = PrincipalKey("GROUP", "finance") if moved else BILLING
    for known, other in (billing, billing[::-1]):
        checkpoint = Checkpoint(**{memory: {key: known}})  # type: ignore[arg-type]
        directory = read_directory(graph, declared, checkpoint.under(declared.moved))
        assert directory.principals[BILLING].object_id == known
        (warning,) = directory.warnings
        assert warning.severity == "warning"
        assert f"find out who made {other}" in warning.message


def test_two_keys_for_one_object_are_refused_with_both_places(graph: Graph, tmp_path: Path) -> None:
    (platform,) = graph.groups_by_name(["AWS-Platform"])
    declared = access(
        tmp_path,
        f"""
groups:
  platform: {{displayName: AWS-Platform}}
  again: {{objectId: {platform["id"].upper()}}}
""",
    )
    with pytest.raises(InvalidInput) as caught:
        read_directory(graph, declared, Checkpoint())
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == ("access.yaml", 4)
    assert problem.message.startswith(
        "group again and group platform (access.yaml:3) are one object in Entra, 'AWS-Platform'"
    )


def test_a_group_that_the_stack_makes_is_not_named_a_second_time_by_its_id(
    graph: Graph, tmp_path: Path
) -> None:
    (platform,) = graph.groups_by_name(["AWS-Platform"])
    declared = access(
        tmp_path,
        f"""
groups:
  a-made: {{displayName: AWS-New, create: true}}
  known: {{objectId: {platform["id"]}}}
""",
    )
    made = Checkpoint(object_ids={PrincipalKey("GROUP", "a-made"): platform["id"]})
    with pytest.raises(InvalidInput, match=r"group known and group a-made \(access.yaml:3\)"):
        read_directory(graph, declared, made)


def test_who_of_the_break_glass_principals_can_sign_in(
    graph: Graph, tmp_path: Path, sandbox: Sandbox
) -> None:
    declared = access(
        tmp_path,
        """
groups:
  rescue: {displayName: AWS-Break-Glass}
  empty: {displayName: AWS-Empty}
  nested: {displayName: AWS-Nested}
  disabled: {displayName: AWS-Disabled}
  made: {displayName: AWS-Made, create: true, members: [ada@example.com, bob@example.com]}
  other: {displayName: AWS-Platform}
users:
  ada: {userPrincipalName: ada@example.com}
  mallory: {userPrincipalName: mallory@example.com}
guards:
  breakGlass: [rescue, empty, nested, disabled, made, ada, mallory]
  protectedAccounts: [{ou: /}]
""",
    )
    (platform,) = graph.groups_by_name(["AWS-Platform"])
    (mallory,) = graph.users_by_name(["mallory@example.com"])
    members = {"AWS-Empty": [], "AWS-Nested": [platform["id"]], "AWS-Disabled": [mallory["id"]]}
    made = []
    for name, ids in members.items():
        body: dict[str, object] = {
            "displayName": name,
            "mailEnabled": False,
            "mailNickname": name,
            "securityEnabled": True,
        }
        if ids:
            base = f"{graph.credentials.endpoints.graph}/v1.0/directoryObjects"
            body["members@odata.bind"] = [f"{base}/{ident}" for ident in ids]
        made.append(graph.call("POST", "/groups", body)["id"])
    try:
        principals = read_directory(graph, declared, Checkpoint()).principals
        found = read_rescuers(graph, declared, principals)
    finally:
        for ident in made:
            graph.call("DELETE", f"/groups/{ident}")
    assert {key.key: people for key, people in found.items()} == {
        "rescue": 1,
        "empty": 0,
        "nested": 0,
        "disabled": 0,
        "made": 2,
        "ada": 1,
        "mallory": 0,
    }


def test_an_unreachable_scim_endpoint_is_said_in_a_sentence() -> None:
    with pytest.raises(ScimError, match="can't be reached"):
        try_token("http://127.0.0.1:9/t/scim/v2", "token")
