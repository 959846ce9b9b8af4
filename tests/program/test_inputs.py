"""Access files that can't be used: an update says everything that is wrong with them at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clouds.aws import Aws, AwsError
from federation.access.organization import Organization
from federation.core.errors import InvalidInput
from program import inputs
from tests.federation.loading import company

ACCESS = """\
groups: {team: {displayName: AWS-Team}}
permissionSets: {ReadOnly: {}}
rules:
  - group: taem
    permissionSets: [ReadOnly]
    targets: [{ou: Nowhere}, {accountName: nobody, optional: true}]
"""
UNDECLARED = 'group "taem" is not declared. Did you mean "team"?'
NOWHERE = 'rule "rules[0]": no organizational unit "Nowhere".'


class _Cloud:
    def __init__(self, organization: Organization | None) -> None:
        self._organization = organization

    def organization(self, *, tags: bool) -> Organization:
        assert not tags
        if self._organization is None:
            raise AwsError("AWS can't be reached")
        return self._organization


@pytest.mark.parametrize("reachable", [True, False])
def test_what_the_organization_lacks_stands_beside_as_far_as_aws_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reachable: bool
) -> None:
    def connect(_: Any) -> _Cloud:
        return _Cloud(company() if reachable else None)

    monkeypatch.setattr(Aws, "connect", connect)
    (tmp_path / "access.yaml").write_text(ACCESS)
    with pytest.raises(InvalidInput) as refused:
        inputs.usable_access(["access.yaml"], tmp_path)
    messages = [problem.message for problem in refused.value.problems]
    assert messages[0] == UNDECLARED
    assert [message.startswith(NOWHERE) for message in messages[1:]] == [True] * reachable
