"""The access portal: sign-in by SAML, and the access that the signed-in person really has."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from threading import Lock
from typing import Any

from werkzeug import Request, Response
from werkzeug.utils import redirect
from werkzeug.wrappers import Response as BaseResponse

from entra_aws_sandbox.aws.identitystore.store import User
from entra_aws_sandbox.aws.pages import message_page, page
from entra_aws_sandbox.aws.saml.requests import AuthnRequests
from entra_aws_sandbox.aws.saml.responses import Refused, Responses
from entra_aws_sandbox.aws.saml.source import IdentitySource
from entra_aws_sandbox.aws.ssoadmin.common import Site

COOKIE = "portal_session"
# What a cell without a text shows.
_NONE = "\N{EM DASH}"
# User guide, "Set session duration": the portal's session lasts 8 hours unless changed.
SESSION = timedelta(hours=8)


@dataclass(frozen=True)
class _Session:
    user_id: str
    expires: datetime


class Portal:
    """The pages below /start and the assertion consumer services."""

    def __init__(self, site: Site, source: IdentitySource, base_url: str) -> None:
        self.alias: str | None = None
        self._site = site
        self._source = source
        self._base_url = base_url
        self._requests = AuthnRequests(site.clock)
        self._responses = Responses(site.clock, self._requests)
        self._sessions: dict[str, _Session] = {}
        self._lock = Lock()

    @property
    def url(self) -> str:
        """The access portal's URL: with the alias once a person has chosen one."""
        instance = self._site.center.instance
        return f"{self._base_url}/start/{self.alias or (instance and instance.identity_store_id)}"

    def start(self, request: Request, alias: str) -> BaseResponse:
        """The portal's page, or the way to the identity provider's sign-in page."""
        if not self._is_known(alias):
            return _no_portal()
        user = self._signed_in(request)
        if user is not None:
            return _access_page(user, self._access(user), f"/start/{alias}/sign-out")
        if self._source.active is None:
            return message_page(
                "Sign in",
                "No external identity provider is set up yet, and the sandbox has no sign-in "
                "page for Identity Center's own directory.",
                503,
            )
        return redirect(self._requests.redirect_url(self._source.active), 302)

    def access(self, request: Request, alias: str) -> Response:
        """The same as JSON: who is signed in, and her accounts with their permission sets."""
        user = self._signed_in(request)
        if not self._is_known(alias) or user is None:
            return _json({"message": "Nobody is signed in."}, 401)
        accounts = self._access(user)
        person = {
            "userId": user.id,
            "userName": user.user_name,
            "displayName": user.attributes.get("displayName"),
        }
        return _json({"user": person, "accounts": accounts}, 200)

    def sign_out(self, request: Request, alias: str) -> Response:  # noqa: ARG002
        """End the session."""
        with self._lock:
            self._sessions.pop(request.cookies.get(COOKIE, ""), None)
        response = message_page("Signed out", "You are signed out.", 200, self.url)
        response.delete_cookie(COOKIE, path="/")
        return response

    def consume(self, request: Request, acs_url: str) -> BaseResponse:
        """An assertion consumer service: signs the person in, or says why not."""
        trust = self._source.active
        if trust is None or acs_url not in trust.service_provider.acs_urls:
            return self._refuse("No identity provider is set up for this address.")
        try:
            name_id = self._responses.name_id(trust, acs_url, request.form.get("SAMLResponse", ""))
        except Refused as reason:
            return self._refuse(f"The SAML response was refused: {reason}.")
        user = self._person(name_id)
        if user is None:
            return self._refuse(
                f"Identity Center has no active user whose user name is exactly {name_id}."
            )
        response = redirect(self.url, 302)
        response.set_cookie(
            COOKIE, self._new_session(user), httponly=True, samesite="Lax", path="/"
        )
        return response

    def _refuse(self, sentence: str) -> Response:
        return message_page("Sign-in refused", sentence, 403, self.url)

    def _person(self, name_id: str) -> User | None:
        store = self._site.store
        found = store.users_named(name_id) if store else []
        return next((each for each in found if each.user_name == name_id and each.active), None)

    def _new_session(self, user: User) -> str:
        key = secrets.token_urlsafe(32)
        with self._lock:
            self._sessions[key] = _Session(user.id, self._site.clock.now() + SESSION)
        return key

    def _signed_in(self, request: Request) -> User | None:
        with self._lock:
            session = self._sessions.get(request.cookies.get(COOKIE, ""))
        if session is None or session.expires <= self._site.clock.now():
            return None
        user = self._site.store.users.get(session.user_id) if self._site.store else None
        return user if user and user.active else None

    def _is_known(self, alias: str) -> bool:
        instance = self._site.center.instance
        return instance is not None and alias in (self.alias, instance.identity_store_id)

    def _access(self, user: User) -> list[dict[str, Any]]:
        """The person's accounts by name, each with her permission sets and where they come from."""
        site, store = self._site, self._site.store
        with site.center.lock:
            site.jobs.settle()
            sources = {user.id: "assigned directly"}
            for membership in store.groups_of(user.id) if store else ():
                name = store.groups[membership.group_id].display_name if store else None
                sources[membership.group_id] = f"member of {name}"
            found: dict[str, dict[str, dict[str, Any]]] = {}
            for principal_id, source in sources.items():
                for assignment in site.center.assignments_of(principal_id):
                    sets = found.setdefault(assignment.account_id, {})
                    permission_set = site.center.permission_set(assignment.permission_set_arn)
                    entry = sets.setdefault(
                        permission_set.name,
                        {
                            "name": permission_set.name,
                            "description": permission_set.description,
                            "sessionDuration": permission_set.session_duration,
                            "relayState": permission_set.relay_state,
                            "via": [],
                        },
                    )
                    entry["via"].append(source)
        accounts = [
            {
                "accountId": account_id,
                "accountName": site.organization.account_name(account_id),
                "permissionSets": [sets[name] for name in sorted(sets)],
            }
            for account_id, sets in found.items()
        ]
        return sorted(accounts, key=lambda each: (each["accountName"], each["accountId"]))


def _access_page(user: User, accounts: list[dict[str, Any]], sign_out: str) -> Response:
    name = escape(str(user.attributes.get("displayName") or user.user_name))
    roles = sum(len(account["permissionSets"]) for account in accounts)
    body = (
        f"<header><h1>AWS access portal</h1><small>sandbox</small>"
        f'<form method="post" action="{escape(sign_out)}">'
        f"{name} ({escape(str(user.user_name))}) <button>Sign out</button></form></header><main>"
    )
    if accounts:
        body += f"<p>{_count(len(accounts), 'account')}, {_count(roles, 'role')}.</p>"
    else:
        body += "<p>You have no access to any account. Ask the owners of the account you need.</p>"
    for account in accounts:
        title = f"{escape(account['accountName'])} <small>{escape(account['accountId'])}</small>"
        body += f"<section><h2>{title}</h2>{_roles_table(account)}</section>"
    return page("AWS access portal (sandbox)", f"{body}</main>")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _spoken(duration: str) -> str:
    """`PT1H30M` as people say it."""
    found = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?", duration)
    if found is None:
        return duration
    units = zip(found.groups(), ("h", "min", "s"), strict=True)
    return " ".join(f"{number} {unit}" for number, unit in units if number)


def _roles_table(account: dict[str, Any]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(each["name"])}</th>'
        f"<td>{escape(each['description'] or _NONE)}</td>"
        f"<td>{escape(_spoken(each['sessionDuration']))}</td>"
        f"<td>{escape('; '.join(each['via']))}</td></tr>"
        for each in account["permissionSets"]
    )
    heads = "".join(
        f'<th scope="col">{each}</th>'
        for each in ("Permission set", "Description", "Session", "Why")
    )
    caption = f"Permission sets in {escape(account['accountName'])}"
    return (
        f"<table><caption>{caption}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _no_portal() -> Response:
    return message_page("Not found", "There is no access portal at this address.", 404)


def _json(body: dict[str, Any], status: int) -> Response:
    response = Response(json.dumps(body), status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
