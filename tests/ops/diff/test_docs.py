"""docs/pull-requests.md shows a real comment."""

from __future__ import annotations

from demo.checkout import REPOSITORY
from tests.ops.diff.recorded import GOLDEN

PAGE = REPOSITORY / "docs" / "pull-requests.md"


def test_the_page_shows_the_comment_that_the_command_prints() -> None:
    comment = (GOLDEN / "several-changes.md").read_text(encoding="utf-8").partition("\n")[2]
    assert comment in PAGE.read_text(encoding="utf-8")
