"""Microsoft Graph, as far as the program asks it directly: look-ups in batches, provisioning."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import quote, urlsplit

import urllib3

from clouds.credentials import Credentials
from clouds.entra import EntraError, endpoints, http, refuse_redirect
from federation.core.domain import OBJECT_ID, one_spelling
from federation.identity.provisioning import on_demand_failure

# Graph, "Advanced query capabilities": an `in` filter takes up to 15 values.
# Where Graph writes the object id of a group, person or service principal.
_OBJECT_IDS: Final = frozenset({"id", "principalId"})
_FILTER_VALUES: Final = 15
# Graph, directoryObject: getByIds takes up to 1,000 ids.
_IDS: Final = 1000
# Graph: the most members a page.
MEMBERS_A_PAGE: Final = 999
# Graph, synchronizationJob: provisionOnDemand takes 5 requests in 10 seconds.
ON_DEMAND_REQUESTS: Final = 5
ON_DEMAND_WINDOW: Final = 10.0
# "appears to be a global value" (azuread provider tests): the user and group rule of the template.
RULE_ID: Final = "03f7d90d-bf71-41b1-bda6-aaf0ddbee5d8"


@dataclass(frozen=True)
class Graph:
    """A client for one tenant; calls raise EntraError with one sentence."""

    pool: urllib3.PoolManager
    credentials: Credentials

    @classmethod
    def connect(cls, config: Mapping[str, str]) -> Graph:
        """A client from the `azuread:` configuration (without namespace) and ARM_* variables."""
        pool = http()
        return cls(pool, Credentials(pool, endpoints(pool, config), config))

    @property
    def tenant_id(self) -> str:
        """The directory (tenant) id."""
        return self.credentials.tenant_id

    @property
    def login_endpoint(self) -> str:
        """Base URL of the sign-in service of this cloud."""
        return self.credentials.endpoints.login

    def call(
        self,
        method: str,
        path: str,
        body: object | None = None,
        *,
        version: Literal["v1.0", "beta"] = "v1.0",
    ) -> Any:
        """One request below the version, or to an absolute nextLink; the JSON answer, or None.

        The token goes to Graph and nowhere else: a link to another origin, or a redirect, is
        refused.
        """
        graph = self.credentials.endpoints.graph
        url = f"{graph}/{version}{path}"
        if not path.startswith("/"):
            if _origin(path) != _origin(graph):
                raise EntraError(
                    f"Graph's list goes on at {urlsplit(path).netloc or path!r}, which is not "
                    f"{graph}: nothing is sent there"
                )
            url = path
        headers = {
            "Authorization": f"Bearer {self.credentials.token()}",
            "Accept": "application/json",
        }
        try:
            answer = self.pool.request(method, url, headers=headers, json=body)
        except urllib3.exceptions.HTTPError:
            raise EntraError(f"Graph can't be reached at {graph}") from None
        refuse_redirect(answer, graph)
        if answer.status >= 400:
            raise _refused(method, path, answer)
        return json.loads(answer.data, object_hook=_spelled) if answer.data else None

    def entries(self, path: str) -> Iterator[dict[str, Any]]:
        """Every entry of a collection, page by page."""
        while path:
            page = self.call("GET", path)
            yield from page["value"]
            path = page.get("@odata.nextLink", "")

    def groups_by_name(self, names: Iterable[str]) -> list[dict[str, Any]]:
        """Groups with one of the display names; Graph ignores upper and lower case."""
        return self._by_values("groups", "displayName", "id,displayName,securityEnabled", names)

    def users_by_name(self, names: Iterable[str]) -> list[dict[str, Any]]:
        """People whose userPrincipalName is one of the names."""
        select = "id,userPrincipalName,displayName,givenName,surname,accountEnabled"
        return self._by_values("users", "userPrincipalName", select, names)

    def groups_by_id(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        """Groups with one of the object ids; unknown ids are absent from the answer."""
        return self._by_values("groups", "id", "id,displayName,securityEnabled", ids)

    def users_by_id(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        """People with one of the object ids; unknown ids are absent from the answer."""
        rest = list(dict.fromkeys(ids))
        found: list[dict[str, Any]] = []
        for start in range(0, len(rest), _IDS):
            body = {"ids": rest[start : start + _IDS], "types": ["user"]}
            found += self.call("POST", "/directoryObjects/getByIds", body)["value"]
        return found

    def _by_values(
        self, collection: str, attribute: str, select: str, values: Iterable[str]
    ) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for some in _batches(values):
            quoted = ",".join("'" + value.replace("'", "''") + "'" for value in some)
            condition = quote(f"{attribute} in ({quoted})")
            found += self.entries(f"/{collection}?$filter={condition}&$select={select}")
        return found

    def members(self, group_id: str, select: str) -> Iterator[dict[str, Any]]:
        """The direct members of a group, page by page; `select` are Graph's fields of each, and
        `is_person` says which are people. Source: Microsoft Graph v1.0, "List group members".
        """
        return self.entries(f"/groups/{group_id}/members?$select={select}&$top={MEMBERS_A_PAGE}")

    def provision(
        self,
        job_path: str,
        object_id: str,
        kind: Literal["Group", "User"],
        members: Sequence[str] = (),
    ) -> None:
        """Provision one group or person now. `job_path` is the job's id as Pulumi has it.

        `members` are object ids of up to five people to link; without them a group arrives empty.
        Raises EntraError for a refusal, and for a failure or skip reported inside an HTTP 200.
        """
        subject: dict[str, Any] = {"objectId": object_id, "objectTypeName": kind}
        if members:
            subject["links"] = {
                "members": [{"objectId": m, "objectTypeName": "User"} for m in members]
            }
        body = {"parameters": [{"ruleId": RULE_ID, "subjects": [subject]}]}
        failure = on_demand_failure(self.call("POST", f"{job_path}/provisionOnDemand", body))
        if failure:
            raise EntraError(failure, code="ProvisionOnDemandFailed", status=200)

    def restart(self, job_path: str, *scopes: str) -> None:
        """Process everything again, after forgetting what `scopes` name, such as Watermark.

        Graph, synchronizationJob: restart, criteria.resetScope.
        """
        body = {"criteria": {"resetScope": ", ".join(scopes)}}
        self.call("POST", f"{job_path}/restart", body)

    def start(self, job_path: str) -> None:
        """Switch the job on."""
        self.call("POST", f"{job_path}/start")


def _spelled(answer: dict[str, Any]) -> dict[str, Any]:
    """Part of an answer, with object ids in the one spelling; other ids (of jobs) stay."""
    for key in _OBJECT_IDS & answer.keys():
        if isinstance(answer[key], str) and OBJECT_ID.problem_with(answer[key]) is None:
            answer[key] = one_spelling(answer[key])
    return answer


def is_person(member: Mapping[str, Any]) -> bool:
    """Whether a member of a group is a person, not a nested group or device."""
    return str(member.get("@odata.type", "")).endswith(".user")


def _origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of a URL, the port as far as it is not the scheme's own."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", "", None
    default = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", None if port == default else port


def _batches(values: Iterable[str]) -> Iterator[list[str]]:
    rest = list(dict.fromkeys(values))
    for start in range(0, len(rest), _FILTER_VALUES):
        yield rest[start : start + _FILTER_VALUES]


def pace(
    calls: Iterable[Callable[[], None]], sleep: Callable[[float], None] = time.sleep
) -> Iterator[EntraError | None]:
    """Make provision-on-demand calls within Graph's limit; yields each outcome in order."""
    for index, call in enumerate(calls):
        if index and index % ON_DEMAND_REQUESTS == 0:
            sleep(ON_DEMAND_WINDOW)
        try:
            call()
        except EntraError as error:
            yield error
        else:
            yield None


def _refused(method: str, path: str, answer: urllib3.BaseHTTPResponse) -> EntraError:
    code, message = "", f"HTTP {answer.status}"
    try:
        error = answer.json()["error"]
        code, message = str(error["code"]), str(error["message"])
    except (KeyError, TypeError, ValueError):
        pass
    called = f"{method} {path.partition('?')[0]}"
    return EntraError(
        f"Graph refused {called}: {f'{code} {message}'.strip()}",
        code=code,
        status=answer.status,
    )
