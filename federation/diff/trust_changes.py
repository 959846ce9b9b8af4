"""What an update changes outside of assignments and permission sets: who may sign in, and the
trust.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from federation.access.assignments import PrincipalKey
from federation.core.wording import Code, Name, Sentence, count, listed
from federation.diff.assignment_changes import is_assignment
from federation.diff.member_changes import is_told, member_changes, members_of_new
from federation.diff.owner_changes import owner_changes
from federation.diff.set_changes import KINDS
from federation.diff.trust_change import Effect, TrustChange
from federation.engine.access_attributes import sources
from federation.engine.preview import Preview, State, Step
from federation.engine.repairs import Repair
from federation.identity.saml_metadata import foreign_reply_urls, sign_in_partition
from federation.identity.signing_certificate import label_of
from federation.update.settings import NAMESPACE

_FOREIGN: Final = (
    ", which is no sign-in host of AWS: whoever answers there gets what people sign in to AWS with"
)
CERTIFICATE: Final = "ServicePrincipalTokenSigningCertificate"


def trust_changes(preview: Preview) -> tuple[TrustChange, ...]:
    """Every change that is neither an assignment nor a part of a permission set; nothing is left
    out.
    """
    order = {"opens": 0, "interrupts": 1, "more": 2, "less": 3, "changes": 4}
    found = [
        change
        for step in preview.steps
        if step.changes and not is_assignment(step) and not _of_a_set(step)
        for change in _read(step, preview)
    ]
    found += member_changes(preview)
    found += (change for repair in preview.repairs for change in _repaired(repair))
    return tuple(
        sorted(found, key=lambda one: (order[one.effect], one.principal or (), one.sentence))
    )


def _repaired(repair: Repair) -> Iterator[TrustChange]:
    if repair.kind == "job":
        yield _change("changes", ("the provisioning job, switched off in Entra, is started",), None)
    elif repair.kind == "attributes":
        yield from _sources(repair.live or {}, repair.declared)


def _read(step: Step, preview: Preview) -> Iterator[TrustChange]:
    if step.kind == "SynchronizationSecret":
        return _credentials(step, preview)
    if is_told(step, preview):
        return iter(())
    if step.kind == "Group":
        found = tuple(_group(step, preview))
    elif step.kind == "ApplicationRedirectUris":
        found = tuple(_reply_urls(step, preview))
    else:
        found = tuple(_READERS.get(step.kind, _other)(step))
    # The service principal comes with the application, which has its line.
    with_another = step.op == "create" and step.kind == "ServicePrincipal"
    return iter(found if found or with_another else tuple(_other(step)))


def _of_a_set(step: Step) -> bool:
    return step.kind in KINDS and "aws:ssoadmin" in step.type


def _assignment(step: Step) -> Iterator[TrustChange]:
    principal = PrincipalKey.parse(step.name)
    if step.op == "create":
        yield _change("more", ("may sign in to the application",), principal)
    elif step.op == "delete":
        yield _change("less", ("may no longer sign in to the application",), principal)
    elif step.op == "replace":
        sentence: Sentence = ("is assigned to the application anew",)
        if "principalObjectId" in step.reasons:
            sentence = ("is another object in Entra now, assigned in the place of the old one",)
        yield _change("interrupts", sentence, principal)
    else:
        yield from _other(step)


def _change(effect: Effect, sentence: Sentence, principal: PrincipalKey | None) -> TrustChange:
    return TrustChange(effect=effect, sentence=sentence, principal=principal)


def _group(step: Step, preview: Preview) -> Iterator[TrustChange]:
    principal = PrincipalKey.parse(step.name)
    before, after = _inputs(step.before), _inputs(step.after)
    if step.op == "create":
        members = members_of_new(step, preview)
        sentence = (f"is a new group with {count(len(members), 'member')}",)
        yield TrustChange(effect="more", sentence=sentence, principal=principal, persons=members)
        yield from owner_changes(step)
        return
    if step.op == "delete":
        yield _change("less", ("is deleted in Entra",), principal)
        return
    if step.op == "replace":
        yield _change("interrupts", ("is deleted in Entra and made anew",), principal)
    if before.get("displayName") != after.get("displayName"):
        names = Name(before.get("displayName")), Name(after.get("displayName"))
        yield _change("changes", ("the group ", names[0], " is now called ", names[1]), None)
    yield from owner_changes(step)


def _inputs(state: State | None) -> Mapping[str, Any]:
    return state.inputs if state else {}


def _application(step: Step) -> Iterator[TrustChange]:
    if step.op == "create":
        yield _change("changes", ("the enterprise application is made",), None)
    elif step.op == "update":
        name = Name(_inputs(step.after).get("displayName"))
        yield _change("changes", ("the enterprise application is now called ", name), None)
    else:
        again = " and made anew" if step.op == "replace" else ""
        yield _change(
            "interrupts",
            (f"the enterprise application is deleted{again}: nobody can sign in",),
            None,
        )


def _service_principal(step: Step) -> Iterator[TrustChange]:
    before, after = _inputs(step.before), _inputs(step.after)
    required = "appRoleAssignmentRequired"
    if step.after and not after.get(required) and (before.get(required) or step.op != "update"):
        longer = "no longer" if before.get(required) else "not"
        yield _change(
            "opens",
            (f"everybody in the tenant may sign in: assignment is {longer} required",),
            None,
        )
    yield from owner_changes(step)
    if step.op == "create":
        return
    if step.op != "update":
        yield _change("interrupts", ("the application's service principal is deleted",), None)
        return
    if after.get(required) and not before.get(required):
        yield _change("less", ("only assigned groups and people may sign in",), None)
    if before.get("accountEnabled") and not after.get("accountEnabled"):
        yield _change("interrupts", ("sign-in is switched off for everybody",), None)
    elif after.get("accountEnabled") and not before.get("accountEnabled"):
        yield _change("more", ("sign-in is switched on again",), None)
    yield from _value("login URL", before.get("loginUrl"), after.get("loginUrl"))
    mode = "preferredSingleSignOnMode"
    yield from _value("sign-on mode", before.get(mode), after.get(mode))
    emails = "notificationEmailAddresses"
    yield from _items("notification address", before.get(emails), after.get(emails))


def _value(what: str, before: Any, after: Any) -> Iterator[TrustChange]:
    if before == after:
        return
    if not after:
        sentence: Sentence = (f"{what} removed: ", Code(before))
    elif not before:
        sentence = (f"{what} set: ", Code(after))
    else:
        sentence = (f"{what} ", Code(after), " instead of ", Code(before))
    yield _change("changes", sentence, None)


def _items(what: str, before: Any, after: Any) -> Iterator[TrustChange]:
    old, new = set(before or ()), set(after or ())
    for items, verb in ((new - old, "added"), (old - new, "removed")):
        if items:
            sentence: Sentence = (f"{what} {verb}: ", *listed(Code(one) for one in sorted(items)))
            yield _change("changes", sentence, None)


def _identifier(step: Step) -> Iterator[TrustChange]:
    before, after = (_inputs(side).get("identifierUri") for side in (step.before, step.after))
    yield from _trust_value(step, "SAML identifier", before, after)


def _trust_value(step: Step, what: str, before: Any, after: Any) -> Iterator[TrustChange]:
    if step.op == "create":
        yield from _value(what, None, after)
    elif step.op == "delete":
        yield _change("interrupts", (f"{what} removed: nobody can sign in",), None)
    elif before == after:
        yield _change("interrupts", (f"{what} is made anew",), None)
    else:
        sentence = (f"{what} ", Code(after), " instead of ", Code(before))
        yield _change("interrupts", sentence, None)


def _reply_urls(step: Step, preview: Preview) -> Iterator[TrustChange]:
    before, after = (_inputs(side).get("redirectUris") for side in (step.before, step.after))
    if step.op == "delete":
        yield _change("interrupts", ("all reply URLs removed: nobody can sign in",), None)
    elif step.op == "replace":
        yield _change("interrupts", ("the reply URLs are made anew",), None)
    if step.op != "delete":
        old, new = set(before or ()), set(after or ())
        foreign = {url for url in new if _is_foreign(str(url), preview)}
        yield from _items("reply URL", old, new - (foreign - old))
        for url in sorted(foreign):
            verb = "kept" if url in old else "added"
            yield _change("opens", (f"reply URL {verb}: ", Code(url), _FOREIGN), None)


def _is_foreign(url: str, preview: Preview) -> bool:
    """Whether it is no sign-in host of AWS, in the partition of the stack's region if that is
    configured.
    """
    region = preview.configuration.get("aws:region")
    if isinstance(region, str) and region:
        return bool(foreign_reply_urls([url], region, emulated=False))
    return sign_in_partition(url) is None


def _certificate(step: Step) -> Iterator[TrustChange]:
    name = Name(
        label_of(_inputs(step.after or step.before).get("displayName"), otherwise=step.name)
    )
    sentence: Sentence
    if step.op == "create":
        end = _inputs(step.after).get("endDate")
        until = f" until {str(end)[:10]}" if end else " for three years"
        sentence = ("signing certificate ", name, f" is made, valid{until}")
        yield _change("changes", sentence, None)
    elif step.op == "delete":
        sentence = ("signing certificate ", name, " is forgotten by the stack, and stays in Entra")
        yield _change("changes", sentence, None)
    else:
        sentence = (
            *(
                "signing certificate ",
                name,
                " is made anew: nobody can sign in once Entra uses it, ",
            ),
            "until AWS has the new federation metadata (step 8)",
        )
        yield _change("interrupts", sentence, None)


def _credentials(step: Step, preview: Preview) -> Iterator[TrustChange]:
    """The credentials are one secret to the engine: what is new in them is seen elsewhere."""
    if step.op == "create":
        yield _change("changes", ("Entra gets the SCIM endpoint and its token",), None)
        return
    if step.op == "delete":
        yield _change("interrupts", ("Entra loses the SCIM token: provisioning stops",), None)
        return
    settings = provisioning(preview)
    before = preview.component("ScimProvisioning").get("endpoint")
    after = settings.get("endpoint")
    if before and after and before != after:
        sentence: Sentence = ("people now go to the SCIM endpoint ", Code(after))
        yield _change("interrupts", (*sentence, " instead of ", Code(before)), None)
        return
    old = (preview.outputs.get("expiries") or {}).get("token")
    new = settings.get("tokenExpires")
    if old and new and old != new:
        sentence = (f"the SCIM token is rotated: it expires on {new} instead of {old}",)
    else:
        sentence = ("Entra's SCIM credentials are written anew (the token, or notifications)",)
    yield _change("changes", sentence, None)


def provisioning(preview: Preview) -> Mapping[str, Any]:
    """The stack's provisioning settings as the preview shows them, the token blinded."""
    value = preview.configuration.get(f"{NAMESPACE}:provisioning")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, Mapping) else {}


def _job(step: Step) -> Iterator[TrustChange]:
    before, after = _inputs(step.before), _inputs(step.after)
    if step.op == "create":
        yield _change("changes", ("provisioning starts",), None)
    elif step.op == "delete":
        yield _change("interrupts", ("the provisioning job is deleted: nobody arrives",), None)
    elif step.op == "replace":
        yield _change("interrupts", ("the provisioning job is made anew and starts over",), None)
    elif before.get("enabled") and not after.get("enabled"):
        yield _change("interrupts", ("the provisioning job is switched off",), None)
    elif after.get("enabled") and not before.get("enabled"):
        yield _change("changes", ("the provisioning job is switched on",), None)


def _attributes(step: Step) -> Iterator[TrustChange]:
    old, new = (sources(_inputs(side).get("attributes")) for side in (step.before, step.after))
    yield from _sources(old, new)


def _sources(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[TrustChange]:
    for key in sorted(old.keys() | new.keys()):
        yield from _value(f"attribute {key} for access control", old.get(key), new.get(key))


def _owned(step: Step) -> Iterator[TrustChange]:
    """The program makes none of these; an owner that another one makes is no less of one."""
    yield from owner_changes(step)
    if step.kind == "Application":
        yield from _other(step)


def _other(step: Step) -> Iterator[TrustChange]:
    sentence: Sentence = (f"{step.op} of {step.kind} ", Name(step.name))
    if step.reasons:
        sentence = (*sentence, " (", *listed(Code(reason) for reason in step.reasons), ")")
    yield _change("interrupts" if step.op == "replace" else "changes", sentence, None)


_READERS: Final = {
    "AppRoleAssignment": _assignment,
    "ApplicationFromTemplate": _application,
    "ServicePrincipal": _service_principal,
    "ApplicationIdentifierUri": _identifier,
    "Application": _owned,
    "ApplicationOwner": _owned,
    CERTIFICATE: _certificate,
    "SynchronizationJob": _job,
    "InstanceAccessControlAttributes": _attributes,
}
