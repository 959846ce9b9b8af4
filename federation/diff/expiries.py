"""What ends soon: the SCIM token and the signing certificates, as a preview shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime

from federation.diff.trust_changes import CERTIFICATE, provisioning
from federation.engine.preview import Preview, Step, is_known
from federation.identity.signing_certificate import label_of
from federation.update.phases import TOKEN_REMINDER_DAYS
from federation.update.status import Expiry


def expiries(preview: Preview, today: date) -> tuple[Expiry, ...]:
    """What ends within the reminder period, or has ended: the SCIM token and certificates."""
    found = [*_token(preview), *_certificates(preview.of_kind(CERTIFICATE))]
    if not preview.complete:
        known = {one.what for one in found}
        made = (preview.outputs.get("expiries") or {}).get("certificates") or {}
        found += [
            Expiry(what=f"certificate {name}", on=_day(end))
            # An update that fails leaves outputs behind that it never knew.
            for name, end in sorted(made.items() if is_known(made) else ())
            if f"certificate {name}" not in known
        ]
    near = [one for one in found if one.days_left(today) <= TOKEN_REMINDER_DAYS]
    return tuple(sorted(near, key=lambda one: (one.on, one.what)))


def _token(preview: Preview) -> Iterator[Expiry]:
    with suppress(ValueError, KeyError, TypeError):
        yield Expiry(what="token", on=date.fromisoformat(provisioning(preview)["tokenExpires"]))


def _certificates(steps: Iterable[Step]) -> Iterator[Expiry]:
    for step in steps:
        if step.after is None:
            continue
        outputs = step.before.outputs if step.before and step.op != "replace" else {}
        end = step.after.inputs.get("endDate") or outputs.get("endDate")
        if end and is_known(end):
            name = label_of(step.after.inputs.get("displayName"), otherwise=step.name)
            yield Expiry(what=f"certificate {name}", on=_day(end))


def _day(text: str) -> date:
    return datetime.fromisoformat(text).date()
