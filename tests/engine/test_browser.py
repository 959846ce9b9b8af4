"""The sign-in in a real browser, by keyboard alone, and every page as a screen reader gets it.

Pictures of the pages go to the folder that PICTURES names, for a person to look at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.chromium import Chromium, installed
from tests.engine.federation import ASSIGNMENTS, Federation

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(
        installed() is None, reason="there is no Chromium here: apt-get install chromium"
    ),
]

SIGN_IN = "Sign in"
PORTAL = "AWS access portal"


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chromium]:
    with Chromium(tmp_path / "profile") as browser:
        yield browser


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pictures go."""
    folder = Path(os.environ.get("PICTURES") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def assert_accessible(browser: Chromium) -> None:
    """What every page owes to who can't see it."""
    assert browser.ask("document.documentElement.lang") == "en"
    assert browser.ask("document.title")
    tree = browser.tree()
    assert [node.level for node in tree if node.role == "heading"].count(1) == 1
    assert "main" in [node.role for node in tree]
    for node in tree:
        if node.role in {"button", "link", "textbox", "table"}:
            assert node.name, f"a {node.role} without a name"
    # At 320 pixels nothing has to be scrolled sideways (WCAG 1.4.10).
    assert not browser.overflows(320)


def assert_page(browser: Chromium, heading: str, picture: Path) -> None:
    """The page with this heading comes, is accessible, and its picture is kept."""
    browser.wait_for(heading)
    assert_accessible(browser)
    browser.picture(picture)


def follow_the_only(browser: Chromium, name: str) -> None:
    """Tab to the one thing on the page that takes the focus, and choose it."""
    assert browser.tab_stops() == [name]
    browser.tab_to(name)
    browser.press("Enter")


def wait_for_focus(browser: Chromium, name: str) -> None:
    """Pages put the focus where the person goes on, a moment after they are there."""
    browser.wait_until(
        lambda: (focused := browser.focused) is not None and focused.name == name,
        f"the focus is not on {name!r}",
    )


def type_in(browser: Chromium, user: str, password: str) -> None:
    """Fill in the sign-in form as it comes: the focus is in the first field already."""
    browser.wait_for(SIGN_IN)
    wait_for_focus(browser, "User name")
    browser.write(user)
    browser.press("Tab")
    browser.write(password)
    browser.press("Enter")


def test_a_person_signs_in_by_keyboard_alone(
    federation: Federation, browser: Chromium, pictures: Path
) -> None:
    browser.open(federation.portal)
    browser.wait_for(SIGN_IN)
    assert_accessible(browser)
    assert browser.tab_stops() == ["User name", "Password", "Sign in"]
    browser.picture(pictures / "sign-in.png")

    browser.open(federation.portal)
    type_in(browser, "ada@example.com", "sandbox")
    assert_page(browser, PORTAL, pictures / "portal.png")
    assignments = [node.name for node in browser.tree() if node.role == "rowheader"]
    assert assignments == ["ReadOnly"] * len(
        [assignment for assignment in ASSIGNMENTS if assignment[2] == "AWS-Platform"]
    )
    assert browser.ask("location.href") == federation.portal

    follow_the_only(browser, "Sign out")
    assert_page(browser, "Signed out", pictures / "portal-signed-out.png")


def test_a_wrong_password_is_said_where_it_was_typed(
    federation: Federation, browser: Chromium, pictures: Path
) -> None:
    browser.open(federation.portal)
    type_in(browser, "ada@example.com", "guess")
    browser.wait_until(
        lambda: bool(browser.ask("!!document.querySelector('[role=alert]')")), "no alert"
    )
    assert_accessible(browser)
    browser.picture(pictures / "wrong-password.png")
    (alert,) = [node for node in browser.tree() if node.role == "alert"]
    wait_for_focus(browser, "Password")
    focused = browser.focused
    assert focused is not None
    assert "AADSTS50126" in focused.description
    assert alert
    browser.write("sandbox")
    browser.press("Enter")
    browser.wait_for(PORTAL)


def test_who_may_not_come_in_reads_why_and_finds_a_way_out(
    federation: Federation, browser: Chromium, pictures: Path
) -> None:
    browser.open(federation.portal)
    type_in(browser, "bob@example.com", "sandbox")
    assert_page(
        browser, "Sorry, but we\u2019re having trouble signing you in", pictures / "refused.png"
    )
    assert "AADSTS50105" in str(browser.ask("document.body.innerText"))
    follow_the_only(browser, "Sign out, to sign in with another account")
    assert_page(browser, "You are signed out", pictures / "entra-signed-out.png")


def test_a_portal_without_access_says_so(
    federation: Federation, browser: Chromium, pictures: Path
) -> None:
    browser.open(federation.portal)
    type_in(browser, "carol@example.com", "sandbox")
    assert_page(browser, PORTAL, pictures / "portal-empty.png")
    assert "no access to any account" in str(browser.ask("document.body.innerText"))


def test_a_sign_in_from_entra_reaches_the_portal(
    federation: Federation, browser: Chromium, pictures: Path
) -> None:
    running = federation.sandbox.running
    browser.open(f"{running.entraUrl}/{running.tenantId}/myapps")
    type_in(browser, "ada@example.com", "sandbox")
    assert_page(browser, "My Apps", pictures / "my-apps.png")
    follow_the_only(browser, "AWS IAM Identity Center (sandbox)")
    browser.wait_for(PORTAL)


def test_addresses_that_lead_nowhere_are_pages_too(
    federation: Federation, browser: Chromium, pictures: Path
) -> None:
    browser.open(f"{federation.sandbox.running.awsUrl}/start/nobody")
    assert_page(browser, "Not found", pictures / "not-found.png")
