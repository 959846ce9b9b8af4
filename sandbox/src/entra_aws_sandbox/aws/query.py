"""The calls of sts and iam by which a caller learns who it is and what it may do.

moto knows no users with policies of ours, and no SimulatePrincipalPolicy; the rest of both services
is moto's.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from xml.sax.saxutils import escape

from werkzeug import Response

from entra_aws_sandbox.aws.errors import AwsError
from entra_aws_sandbox.aws.policy import Users
from entra_aws_sandbox.aws.wire import Call

_STS = "https://sts.amazonaws.com/doc/2011-06-15/"
_IAM = "https://iam.amazonaws.com/doc/2010-05-08/"
_ACTION_NAME = re.compile(r"ActionNames\.member\.(\d+)")
_PAGE = 100


def answer(call: Call, parameters: Mapping[str, str], users: Users) -> Response | None:
    """The answer to a call, None when it is not one of these. Raises AwsError."""
    user = users.of_key(call.access_key)
    if (call.service, call.operation) == ("sts", "GetCallerIdentity") and user is not None:
        return _xml(
            _STS,
            "GetCallerIdentity",
            f"<Arn>{user.arn}</Arn><UserId>{user.id}</UserId><Account>{user.account_id}</Account>",
        )
    if (call.service, call.operation) == ("iam", "SimulatePrincipalPolicy"):
        return _simulated(parameters, users)
    return None


def _simulated(parameters: Mapping[str, str], users: Users) -> Response:
    """IAM API reference, SimulatePrincipalPolicy: one result an action, 100 a page."""
    source = parameters.get("PolicySourceArn", "")
    user = users.of_arn(source)
    if user is None:
        raise AwsError("NoSuchEntity", f"The ARN {source} cannot be found.", status=404)
    numbered = {int(m[1]): value for name, value in parameters.items() if (m := _named(name))}
    actions = [numbered[number] for number in sorted(numbered)]
    wrong = [action for action in actions if not re.fullmatch(r"[a-z0-9-]+:[A-Za-z0-9]+", action)]
    if wrong or not actions:
        raise AwsError("InvalidInput", f"Invalid Action: {wrong[0] if wrong else 'none'}")
    marker = parameters.get("Marker", "0")
    start = int(marker) if marker.isdigit() else 0
    end = start + min(int(parameters.get("MaxItems", _PAGE)), _PAGE)
    results = "".join(
        f"<member><EvalActionName>{escape(action)}</EvalActionName>"
        f"<EvalResourceName>*</EvalResourceName>"
        f"<EvalDecision>{user.policy.decide(action)}</EvalDecision>"
        f"<MatchedStatements/><MissingContextValues/></member>"
        for action in actions[start:end]
    )
    more = end < len(actions)
    return _xml(
        _IAM,
        "SimulatePrincipalPolicy",
        f"<IsTruncated>{str(more).lower()}</IsTruncated>"
        + (f"<Marker>{end}</Marker>" if more else "")
        + f"<EvaluationResults>{results}</EvaluationResults>",
    )


def _named(name: str) -> re.Match[str] | None:
    return _ACTION_NAME.fullmatch(name)


def _xml(namespace: str, operation: str, result: str) -> Response:
    request_id = str(uuid.uuid4())
    text = (
        f'<{operation}Response xmlns="{namespace}"><{operation}Result>{result}</{operation}Result>'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        f"</{operation}Response>"
    )
    response = Response(text, 200, content_type="text/xml")
    response.headers["x-amzn-RequestId"] = request_id
    return response
