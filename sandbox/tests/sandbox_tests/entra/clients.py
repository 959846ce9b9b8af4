"""Who talks to the emulator in these tests: a Graph client, and a SCIM endpoint of our own."""

from __future__ import annotations

import json
import re
import socket
import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import urllib3
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from entra_aws_sandbox.clock import Clock
from entra_aws_sandbox.entra import Entra

Json = dict[str, Any]
AWS_TEMPLATE = "21ed01d2-ec13-4e9e-86c1-cd546719ebc4"
USER_ROLE = "8774f594-1d59-4279-b9d9-59ef09a23530"
CLIENT_ID = "0f4d3c2b-1a09-4e8d-b7c6-a5948372615e"
CLIENT_SECRET = "test-only-secret"
TENANT = "8d3f0d5e-6c1b-4f0e-9a57-0c2f6a1b7e10"
ENTITY_ID = "https://eu-west-1.signin.aws.amazon.com/platform/saml/d-1234567890"
HTTP = urllib3.PoolManager(retries=False, timeout=60)


class QuietHandler(WSGIRequestHandler):
    """Keep-alive and no log lines."""

    protocol_version = "HTTP/1.1"

    def log(self, *_: Any) -> None:
        """Say nothing."""


class Served:
    """A WSGI application on a free loopback port."""

    app: WSGIApplication
    """Set before the first request: an application may need the address to begin with."""

    def __init__(self) -> None:
        self._server = make_server(
            "127.0.0.1",
            0,
            self._serve,
            threaded=True,
            request_handler=QuietHandler,
        )
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def _serve(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        return self.app(environ, start)

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@dataclass
class Answer:
    """A response: its status, headers and JSON (or text)."""

    status: int
    headers: Any
    data: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.data)

    @property
    def error(self) -> tuple[str, str]:
        """Code and message of a refusal, checked to have Graph's shape."""
        error = self.json["error"]
        assert set(error) == {"code", "message", "innerError"}
        assert set(error["innerError"]) == {"date", "request-id", "client-request-id"}
        return error["code"], error["message"]


def send(
    method: str, url: str, body: Any = None, headers: dict[str, str] | None = None, **options: Any
) -> Answer:
    """One request; a body that is no string is sent as JSON."""
    sent = dict(headers or {})
    data = body
    if body is not None and not isinstance(body, (str, bytes)):
        data, sent["Content-Type"] = json.dumps(body), "application/json"
    response = HTTP.request(method, url, body=data, headers=sent, **options)
    return Answer(response.status, response.headers, response.data)


@dataclass
class Cloud:
    """The emulator under test, and a caller of its Graph."""

    entra: Entra
    clock: Clock
    url: str
    token: str = ""

    def control(self, action: str, body: Json | None = None) -> Json:
        """An action of the control surface."""
        answer = send("POST", f"{self.url}/_sandbox/{action}", body or {}, {"X-Sandbox": "1"})
        assert answer.status == HTTPStatus.OK, answer.data
        return answer.json

    def act_as(self, *roles: str) -> None:
        """Call Graph with these app roles from now on; with none, with all."""
        body = {"roles": list(roles)} if roles else {}
        self.token = self.control("admin-token", body)["accessToken"]

    def graph(self, method: str, path: str, body: Any = None) -> Answer:
        """A call of Graph; `path` begins with `/v1.0`, `/beta` or is an absolute address."""
        url = path if path.startswith("http") else self.url + path
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = send(method, url, body, headers)
        if answer.data:
            assert answer.headers["Content-Type"].startswith("application/json")
        return answer

    def get(self, path: str) -> Any:
        """The JSON of a successful GET of v1.0."""
        answer = self.graph("GET", f"/v1.0{path}")
        assert answer.status == HTTPStatus.OK, answer.data
        return answer.json

    def do(self, method: str, path: str, body: Any = None) -> Any:
        """A write of v1.0 that succeeds; its JSON, if any."""
        answer = self.graph(method, f"/v1.0{path}", body)
        assert 200 <= answer.status < 300, answer.data
        return answer.json if answer.data else None

    def group_id(self, name: str) -> str:
        """The id of a group by name."""
        (found,) = self.get(f"/groups?$filter=displayName eq '{name}'")["value"]
        return str(found["id"])

    def user_id(self, name: str) -> str:
        """The id of a person by first name."""
        return str(self.get(f"/users/{name}@example.com")["id"])


@dataclass
class App:
    """An enterprise app made from the AWS template."""

    cloud: Cloud
    application: str
    service_principal: str
    app_id: str

    @property
    def path(self) -> str:
        """Of the service principal."""
        return f"/servicePrincipals/{self.service_principal}"

    @property
    def sync(self) -> str:
        """Of its synchronization."""
        return f"{self.path}/synchronization"

    @property
    def job_id(self) -> str:
        """The id its synchronization job has or will have."""
        return f"aWSSingleSignon.{TENANT.replace('-', '')}.{self.app_id}"

    @property
    def job(self) -> Json:
        """The synchronization job."""
        found: Json = self.cloud.get(f"{self.sync}/jobs/{self.job_id}")
        return found

    def trust(self, *reply_urls: str) -> None:
        """SAML mode, identifier and reply URLs, as the program sets them."""
        self.cloud.do("PATCH", self.path, {"preferredSingleSignOnMode": "saml"})
        body = {"identifierUris": [ENTITY_ID], "web": {"redirectUris": list(reply_urls)}}
        self.cloud.do("PATCH", f"/applications/{self.application}", body)

    def assign(self, principal: str) -> str:
        """Assign a principal to the role `User`; the assignment's id."""
        body = {
            "appRoleId": USER_ROLE,
            "principalId": principal,
            "resourceId": self.service_principal,
        }
        return str(self.cloud.do("POST", f"{self.path}/appRoleAssignedTo", body)["id"])

    def unassign(self, assignment: str) -> None:
        """Take an assignment away."""
        self.cloud.do("DELETE", f"{self.path}/appRoleAssignedTo/{assignment}")

    def secrets(self, endpoint: str, token: str, threshold: int = 500, **more: str) -> None:
        """Write the synchronization secrets."""
        notifications = {
            "Enabled": False,
            "Recipients": "",
            "DeleteThresholdEnabled": True,
            "DeleteThresholdValue": threshold,
        }
        values = {
            "BaseAddress": endpoint,
            "SecretToken": token,
            "SyncAll": "false",
            "SyncNotificationSettings": json.dumps(notifications),
            **more,
        }
        pairs = [{"key": key, "value": value} for key, value in values.items()]
        self.cloud.do("PUT", f"{self.sync}/secrets", {"value": pairs})

    def start(self) -> None:
        """Make the job, if need be, and start it; the engine's own cycle may come first."""
        self.cloud.graph("POST", f"/v1.0{self.sync}/jobs", {"templateId": "aWSSingleSignon"})
        self.cloud.do("POST", f"{self.sync}/jobs/{self.job_id}/start")

    def cycle(self) -> Json:
        """Run a cycle now; the status of the job afterwards."""
        self.cloud.control("synchronize")
        status: Json = self.job["status"]
        return status

    def on_demand(self, object_id: str, kind: str, members: Iterable[str] = ()) -> Answer:
        """Provision on demand."""
        subject: Json = {"objectId": object_id, "objectTypeName": kind}
        if members:
            named = [{"objectId": m, "objectTypeName": "User"} for m in members]
            subject["links"] = {"members": named}
        rule = "03f7d90d-bf71-41b1-bda6-aaf0ddbee5d8"
        body = {"parameters": [{"ruleId": rule, "subjects": [subject]}]}
        path = f"/v1.0{self.sync}/jobs/{self.job_id}/provisionOnDemand"
        return self.cloud.graph("POST", path, body)


def new_app(cloud: Cloud, name: str = "AWS IAM Identity Center") -> App:
    """Instantiate the AWS gallery template."""
    made = cloud.do(
        "POST", f"/applicationTemplates/{AWS_TEMPLATE}/instantiate", {"displayName": name}
    )
    application, service_principal = made["application"], made["servicePrincipal"]
    return App(cloud, application["id"], service_principal["id"], application["appId"])


type_of = {"Users": "userName", "Groups": "displayName"}


@dataclass
class ScimStub:
    """A SCIM endpoint that keeps what it is told and remembers every request."""

    token: str = "scim-token"
    resources: dict[str, dict[str, Json]] = field(
        default_factory=lambda: {"Users": {}, "Groups": {}}
    )
    requests: list[tuple[str, str, Json]] = field(default_factory=list)
    fault: Callable[[str, str, Json], Response | None] | None = None
    """Answers instead of the endpoint, before it acts, when it returns something."""
    lost: Callable[[str, str], bool] | None = None
    """Says whether the answer to a request that was carried out is lost."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def named(self, name: str) -> Json:
        """The user or group with this userName or displayName."""
        everything = [*self.resources["Users"].values(), *self.resources["Groups"].values()]
        (found,) = [r for r in everything if name in (r.get("userName"), r["displayName"])]
        return found

    def sent(self, method: str, pattern: str = "") -> list[Json]:
        """The bodies of the requests so far with this method and a matching path."""
        return [b for m, p, b in self.requests if m == method and re.search(pattern, p)]

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """WSGI."""
        request = Request(environ)
        body = json.loads(request.get_data() or b"{}")
        path = request.full_path.rstrip("?")
        with self.lock:
            self.requests.append((request.method, path, body))
            fault = self.fault(request.method, path, body) if self.fault else None
            if fault is not None:
                return fault(environ, start)
            if request.headers.get("Authorization") != f"Bearer {self.token}":
                return _scim_error(401, "UnauthorizedException")(environ, start)
            response = self._act(request, body)
            if self.lost and self.lost(request.method, path):
                environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
                raise ConnectionResetError("the answer is lost, as the test wants it")
        return response(environ, start)

    def _act(self, request: Request, body: Json) -> Response:
        _, kind, *rest = request.path.split("/")
        store = self.resources[kind]
        if not rest:
            return self._collection(request, kind, store, body)
        if rest[0] not in store:
            return _scim_error(404, "not found")
        if request.method == "DELETE":
            del store[rest[0]]
            return Response(status=204)
        if request.method == "PATCH":
            for operation in body["Operations"]:
                _apply(store[rest[0]], operation)
        return Response(json.dumps(store[rest[0]]), content_type="application/scim+json")

    def _collection(
        self, request: Request, kind: str, store: dict[str, Json], body: Json
    ) -> Response:
        if request.method == "GET":
            attribute, value = request.args["filter"].split(" eq ")
            found = [r for r in store.values() if r.get(attribute) == json.loads(value)]
            answer = {"totalResults": len(found), "Resources": found}
            return Response(json.dumps(answer), content_type="application/scim+json")
        key = type_of[kind]
        if any(r[key] == body[key] for r in store.values()):
            return _scim_error(409, "Refused to create a new, duplicate resource.")
        created = {**body, "id": str(uuid.uuid4())}
        if kind == "Groups":
            created["members"] = []
        store[created["id"]] = created
        return Response(json.dumps(created), 201, content_type="application/scim+json")


def _scim_error(status: int, detail: str) -> Response:
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "detail": detail}
    return Response(json.dumps({**body, "status": str(status)}), status)


def _apply(resource: Json, operation: Json) -> None:
    name, path, value = operation["op"], operation["path"], operation["value"]
    if path == "members":
        ids = [v["value"] for v in value]
        kept = [m for m in resource["members"] if m not in ids]
        resource["members"] = kept + ids if name == "Add" else kept
    elif path == "active":
        resource["active"] = value == "True"
    elif path.startswith("name."):
        resource["name"][path.removeprefix("name.")] = value
    else:
        resource[path] = value
