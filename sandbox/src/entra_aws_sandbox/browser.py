"""A person with a browser: follows redirects, fills in the sign-in form, lets pages submit.

What it learns comes from the pages and from the portal's own answer, never from what is tested.
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urljoin, urlsplit

from entra_aws_sandbox.folder import SandboxError

_TIMEOUT_SECONDS = 15.0
_MOST_PAGES = 12
_ERROR_CODE = re.compile(r"\b(AADSTS\d{5,7})\b")


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """How an attempt to sign in ended.

    ``access`` is what the portal lists for the signed-in person (its ``access.json``), None when
    the person did not get in; then ``code`` (AADSTS…, if Entra refused) and ``message`` say why.
    ``visited`` names every page on the way, without query strings.
    """

    access: dict[str, Any] | None
    code: str | None
    message: str
    visited: tuple[str, ...]

    @property
    def roles(self) -> set[tuple[str, str]]:
        """(account id, permission set) pairs that the portal offers."""
        accounts = (self.access or {}).get("accounts", [])
        return {
            (account["accountId"], permission_set["name"])
            for account in accounts
            for permission_set in account["permissionSets"]
        }


@dataclass
class Page:
    """One page as the browser sees it."""

    url: str
    status: int
    body: str
    content_type: str
    forms: list[Form] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What the page says, without markup."""
        without_code = re.sub(r"(?s)<(script|style|title|head).*?</\1>", " ", self.body)
        return " ".join(re.sub(r"<[^>]+>", " ", without_code).split())


@dataclass
class Form:
    """A form of a page: where it goes and what it holds."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    asks_password: bool = False


class Browser:
    """Keeps cookies and follows redirects like a person's browser; loopback only."""

    def __init__(self) -> None:
        self.visited: list[str] = []
        self._jar = CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(self._jar),
            _Redirects(self.visited),
        )

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that the browser holds, by name."""
        return {cookie.name: cookie.value or "" for cookie in self._jar}

    def get(self, url: str) -> Page:
        """Open an address."""
        return self._open(url, None)

    def submit(self, page: Page, form: Form, values: Mapping[str, str] | None = None) -> Page:
        """Send a form of a page with some of its fields filled in."""
        data = urlencode(form.fields | dict(values or {}))
        url = urljoin(page.url, form.action)
        if form.method == "get":
            return self._open(f"{url}?{data}", None)
        return self._open(url, data.encode())

    def _open(self, url: str, data: bytes | None) -> Page:
        if urlsplit(url).hostname not in {"127.0.0.1", "localhost"}:
            raise SandboxError(f"The sandbox's browser stays on loopback and does not open {url}")
        request = urllib.request.Request(url, data=data, headers={"Accept": "text/html, */*"})  # noqa: S310 (loopback, see above)
        self.visited.append(_place(url))
        try:
            response: HTTPResponse | HTTPError = self._opener.open(
                request, timeout=_TIMEOUT_SECONDS
            )
        except HTTPError as error:
            response = error
        except (URLError, OSError) as error:
            raise SandboxError(f"Nothing answers at {_place(url)}") from error
        with response:
            body = response.read().decode("utf-8", "replace")
            status = response.status or 0
            page = Page(response.url, status, body, response.headers.get_content_type())
        if page.content_type == "text/html":
            parser = _Forms()
            parser.feed(body)
            page.forms = parser.forms
        return page


def sign_in(portal_url: str, user: str, password: str) -> SignIn:
    """Sign in from the access portal: portal → Entra → signed assertion → portal.

    Raises SandboxError when a page on the way cannot be reached.
    """
    browser = Browser()
    page = browser.get(portal_url)
    asked = False
    for _ in range(_MOST_PAGES):
        if page.status >= 400 or not page.forms:
            break
        form = page.forms[0]
        if form.asks_password:
            if asked:
                break
            asked = True
            page = browser.submit(page, form, {"username": user, "password": password})
        elif "SAMLResponse" in form.fields or "SAMLRequest" in form.fields:
            page = browser.submit(page, form)
        else:
            break
    return _ended(browser, page, portal_url)


def _ended(browser: Browser, page: Page, portal_url: str) -> SignIn:
    visited = tuple(browser.visited)
    code = _ERROR_CODE.search(page.body)
    if page.status < 400 and _place(page.url).startswith(_place(portal_url)):
        listing = browser.get(f"{portal_url.rstrip('/')}/access.json")
        if listing.status == 200:
            return SignIn(
                access=json.loads(listing.body), code=None, message=page.text, visited=visited
            )
    return SignIn(
        access=None, code=code.group(1) if code else None, message=page.text, visited=visited
    )


def _place(url: str) -> str:
    """An address without its query, which may hold an assertion."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Notes each redirect, and never leaves loopback."""

    def __init__(self, visited: list[str]) -> None:
        self._visited = visited

    def redirect_request(  # noqa: PLR0917 (urllib's signature)
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).hostname not in {"127.0.0.1", "localhost"}:
            raise SandboxError(
                f"A page sends the browser to {_place(newurl)}, which is not the sandbox."
            )
        self._visited.append(_place(newurl))
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Forms(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(attributes.get("action", ""), attributes.get("method", "get").lower())
            self.forms.append(self._form)
        elif tag == "input" and self._form is not None and attributes.get("name"):
            self._form.fields[attributes["name"]] = attributes.get("value", "")
            self._form.asks_password |= attributes.get("type") == "password"

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
