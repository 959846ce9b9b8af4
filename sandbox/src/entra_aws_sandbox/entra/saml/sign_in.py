"""The pages of the identity provider: sign in, be refused, be sent on, list the apps."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from werkzeug.wrappers import Request, Response

from entra_aws_sandbox.entra.errors import SignInError
from entra_aws_sandbox.entra.graph.users import user_named
from entra_aws_sandbox.entra.saml.request import SignOn, decoded, sign_on, unsolicited
from entra_aws_sandbox.entra.saml.response import saml_response
from entra_aws_sandbox.entra.saml.sessions import COOKIE, FORM_COOKIE, Sessions

if TYPE_CHECKING:
    from entra_aws_sandbox.entra.tenant import Tenant
    from entra_aws_sandbox.entra.values import Json

_PAGES = Environment(
    loader=PackageLoader("entra_aws_sandbox.entra"), autoescape=True, undefined=StrictUndefined
)


class SignIn:
    """The sign-in pages of a tenant. Callers hold the tenant's lock."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._sessions = Sessions()

    def saml(self, request: Request) -> Response:
        """`GET|POST /<tenant>/saml2`: an AuthnRequest in either binding."""
        message = request.values.get("SAMLRequest", "")
        binding = "redirect" if request.method == "GET" else "post"
        fields = {
            "SAMLRequest": message,
            "RelayState": request.values.get("RelayState", ""),
            "binding": binding,
        }
        asked = self._asked(fields)
        user = self._user(request)
        if user is None or asked.fresh:
            return self._form(request, fields)
        return self._send_on(asked, user, fields["RelayState"])

    def login(self, request: Request) -> Response:
        """`POST /<tenant>/login`: the sign-in form; goes on to where the person was going."""
        fields = {
            name: request.form.get(name, "")
            for name in ("SAMLRequest", "RelayState", "binding", "app")
        }
        cookie = request.cookies.get(FORM_COOKIE, "")
        if not self._sessions.is_own_form(cookie, request.form.get("form", "")):
            raise SignInError(
                165000, "Invalid request: the form was not served to this browser. Try again."
            )
        username = request.form.get("username", "").strip()
        try:
            user = self._authenticated(username, request.form.get("password", ""))
        except SignInError as error:
            return self._form(request, fields, username, error)
        response = self._continue(fields, user)
        session = self._sessions.open(self._tenant, user)
        response.set_cookie(COOKIE, session, httponly=True, samesite="Lax", path="/")
        return response

    def apps(self, request: Request) -> Response:
        """`GET /<tenant>/myapps`: the applications of the signed-in person."""
        user = self._user(request)
        if user is None:
            return self._form(request, {})
        return self._apps_page(user)

    def start(self, request: Request, app_id: str) -> Response:
        """`GET /<tenant>/myapps/signin/<appId>`: a sign-on that begins at Entra."""
        user = self._user(request)
        if user is None:
            return self._form(request, {"app": app_id})
        return self._start(app_id, user)

    def sign_out(self, request: Request) -> Response:
        """`GET /<tenant>/oauth2/v2.0/logout`."""
        self._sessions.close(request.cookies.get(COOKIE, ""))
        response = self._page("signed_out.html")
        response.delete_cookie(COOKIE)
        return response

    def refused(self, error: SignInError) -> Response:
        """The page that shows a refusal."""
        sign_out = f"/{self._tenant.id}/oauth2/v2.0/logout"
        response = self._page("refused.html", error=error, sign_out=sign_out)
        response.status_code = error.status
        return response

    def _continue(self, fields: dict[str, str], user: Json) -> Response:
        if fields["SAMLRequest"]:
            return self._send_on(self._asked(fields), user, fields["RelayState"])
        if fields["app"]:
            return self._start(fields["app"], user)
        return self._apps_page(user)

    def _asked(self, fields: dict[str, str]) -> SignOn:
        xml = decoded(fields["SAMLRequest"], deflated=fields["binding"] == "redirect")
        return sign_on(self._tenant, xml)

    def _user(self, request: Request) -> Json | None:
        return self._sessions.user(self._tenant, request.cookies.get(COOKIE, ""))

    def _authenticated(self, username: str, password: str) -> Json:
        user = user_named(self._tenant, username)
        right = secrets.compare_digest(password.encode(), self._tenant.sign_in_password.encode())
        if user is None or not right:
            raise SignInError(
                50126, "Error validating credentials due to invalid username or password."
            )
        if not user["accountEnabled"]:
            raise SignInError(50057, "The user account is disabled.")
        return user

    def _send_on(self, asked: SignOn, user: Json, relay_state: str) -> Response:
        self._check_assigned(asked.service_principal, user)
        nonce = secrets.token_urlsafe(16)
        return self._page(
            "send_on.html",
            script=f"'nonce-{nonce}'",
            form_action=_origin(asked.reply_url),
            nonce=nonce,
            reply_url=asked.reply_url,
            application=asked.service_principal["displayName"],
            response=base64.b64encode(saml_response(self._tenant, asked, user)).decode(),
            relay_state=relay_state,
        )

    def _start(self, app_id: str, user: Json) -> Response:
        service_principal = self._tenant.service_principal_of(app_id)
        if service_principal is None:
            raise SignInError(
                700016,
                f"Application with identifier '{app_id}' was not found in the directory "
                f"'{self._tenant.display_name}'.",
            )
        self._check_assigned(service_principal, user)
        if service_principal["loginUrl"]:
            return Response(status=302, headers={"Location": service_principal["loginUrl"]})
        return self._send_on(unsolicited(service_principal), user, "")

    def _check_assigned(self, service_principal: Json, user: Json) -> None:
        if not service_principal["accountEnabled"]:
            raise SignInError(
                7000112,
                f"Application '{service_principal['appId']}' "
                f"({service_principal['displayName']}) is disabled.",
            )
        if not service_principal["appRoleAssignmentRequired"]:
            return
        if not self._assigned(service_principal["id"], user):
            raise SignInError(
                50105,
                f"Your administrator has configured the application "
                f"{service_principal['displayName']} ('{service_principal['appId']}') to block "
                "users unless they are specifically granted ('assigned') access to the "
                f"application. The signed in user '{user['userPrincipalName']}' is blocked "
                "because they are not a direct member of a group with access, nor had access "
                "directly assigned by an administrator.",
                403,
            )

    def _assigned(self, service_principal: str, user: Json) -> bool:
        assigned = {a["principalId"] for a in self._tenant.assignments_of(service_principal)}
        groups = {g for g in assigned if user["id"] in self._tenant.members.get(g, {})}
        return user["id"] in assigned or bool(groups)

    def _apps_page(self, user: Json) -> Response:
        apps = [
            {"name": s["displayName"], "url": f"/{self._tenant.id}/myapps/signin/{s['appId']}"}
            for s in self._tenant.service_principals.values()
            if s["preferredSingleSignOnMode"] == "saml" and self._assigned(s["id"], user)
        ]
        return self._page("apps.html", apps=apps, user=user)

    def _form(
        self,
        request: Request,
        fields: dict[str, str],
        username: str = "",
        error: SignInError | None = None,
    ) -> Response:
        cookie = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(32)
        response = self._page(
            "sign_in.html",
            form_action=f"'self' {self._onward(fields)}".strip(),
            action=f"/{self._tenant.id}/login",
            fields={**fields, "form": self._sessions.form_token(cookie)},
            username=username,
            error=error,
        )
        response.set_cookie(FORM_COOKIE, cookie, httponly=True, samesite="Lax", path="/")
        return response

    def _onward(self, fields: dict[str, str]) -> str:
        """The origin that the form's answer redirects to; browsers check that hop too."""
        app = self._tenant.service_principal_of(fields.get("app", ""))
        return _origin(app["loginUrl"]) if app and app["loginUrl"] else ""

    def _page(
        self, name: str, *, script: str = "'none'", form_action: str = "'none'", **values: Any
    ) -> Response:
        body = _PAGES.get_template(name).render(organization=self._tenant.display_name, **values)
        policy = (
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
            f"frame-ancestors 'none'; script-src {script}; form-action {form_action}"
        )
        response = Response(body, content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = policy
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
