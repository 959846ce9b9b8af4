"""The person with a browser, against pages that behave and pages that do not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from entra_aws_sandbox.browser import Browser, sign_in
from entra_aws_sandbox.folder import SandboxError
from entra_aws_sandbox.listener import Listener, bind


class Pages:
    """A portal and a sign-in page in one, as small as the protocol allows."""

    def __init__(self) -> None:
        self.base = ""

    def __call__(  # noqa: PLR0911 (one return a page)
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        cookies = environ.get("HTTP_COOKIE", "")
        form = {
            key: values[0]
            for key, values in parse_qs(environ["wsgi.input"].read().decode()).items()
        }
        html = "text/html; charset=utf-8"

        def answer(status: str, body: str, kind: str = html, **more: str) -> list[bytes]:
            start_response(status, [("Content-Type", kind), *more.items()])
            return [body.encode()]

        if path == "/away":
            return answer("302 Found", "", Location="http://example.com/")
        if path == "/start/x/access.json":
            accounts = '[{"accountId": "1", "permissionSets": [{"name": "ReadOnly"}]}]'
            return answer("200 OK", f'{{"accounts": {accounts}}}', "application/json")
        if path == "/start/x" and "in=1" in cookies:
            return answer("200 OK", "<h1>Accounts</h1>")
        if path == "/start/x":
            return answer("302 Found", "", Location=f"{self.base}/login?SAMLRequest=abc")
        if path == "/login" and environ["REQUEST_METHOD"] == "GET":
            return answer(
                "200 OK",
                '<form method="post"><input name="ctx" value="&lt;7&gt;">'
                '<input name="username"><input type="password" name="password"></form>',
            )
        if form.get("password") == "right" and form["ctx"] == "<7>":
            return answer(
                "200 OK",
                '<form method="post" action="/acs"><input name="SAMLResponse" value="s"></form>',
            )
        if path == "/acs" and form.get("SAMLResponse") == "s":
            cookie = {"Set-Cookie": "in=1; Path=/"}
            return answer("302 Found", "", Location=f"{self.base}/start/x", **cookie)
        return answer("403 Forbidden", "<style>b{}</style><p>AADSTS50126: wrong password.</p>")


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    pages = Pages()
    listening = bind(0)
    pages.base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    listener = Listener(listening, pages)
    listener.start()
    yield pages.base
    listener.stop()


def test_a_person_gets_through_by_redirects_forms_and_cookies(base: str) -> None:
    ended = sign_in(f"{base}/start/x", "ada@example.com", "right")
    assert ended.roles == {("1", "ReadOnly")}
    assert [page.removeprefix(base) for page in ended.visited] == [
        "/start/x",
        "/login",
        "/login",
        "/acs",
        "/start/x",
    ]


def test_a_refused_person_learns_code_and_sentence(base: str) -> None:
    ended = sign_in(f"{base}/start/x", "ada@example.com", "wrong")
    assert ended.access is None
    assert ended.roles == set()
    assert ended.code == "AADSTS50126"
    assert ended.message == "AADSTS50126: wrong password."


def test_the_browser_does_not_leave_loopback(base: str) -> None:
    with pytest.raises(SandboxError, match="does not open"):
        Browser().get("http://example.com/")
    with pytest.raises(SandboxError, match="not the sandbox"):
        Browser().get(f"{base}/away")
