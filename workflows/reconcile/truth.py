"""What the records themselves say, made possible where it is not: the engine then follows from it.

No command leaves any of this behind; it comes of a hand in the database or of a restored part. The rules
lose no work: what may still have to be done is asked again, what is doubtful comes before a person.
``docs/runbook.md`` names each. Everything here expects the application and its referrals locked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from agencies import services as referrals
from agencies.lifecycle import ANSWERED, JoinPolicy, ReferralState, policy_met
from agencies.models import Reason, Referral
from events.catalog import Kind
from events.models import Event
from events.publish import publish
from feedback.models import Confirmation, Verdict
from intake import services as intake
from intake.lifecycle import ApplicationState
from intake.models import Application
from sla import services as sla
from workflows import steps
from workflows.news import referral_news

A, R = ApplicationState, ReferralState
Record = Application | Referral
OVER = (A.WITHDRAWN, A.ENTERED_IN_ERROR)  # for good: nothing leads back


def settle(row: Application, parts: Sequence[Referral]) -> set[UUID]:
    """Put right what contradicts itself; returns the ids of the records that changed."""
    records: list[Record] = [row, *parts]
    before = {record.pk: record.version for record in records}
    for part in parts:
        _name_the_state(part)
        if part.agency_id != part.unit.agency_id:
            write(part, agency_id=part.unit.agency_id)
    _stand(row, parts)
    _let_one_lead(parts)
    return {record.pk for record in records if record.version != before[record.pk]}


def write(record: Record, **changes: Any) -> None:
    """What no verb of the domain can write, because no command has to."""
    record.version += 1
    for field, value in changes.items():
        setattr(record, field, value)
    record.save(update_fields=["version", *changes])


def outrank(record: Record) -> None:
    """Readers keep the highest version that they have heard of: what differs from it gets a higher one."""
    whole = record.pk if isinstance(record, Application) else record.application_id
    part = None if isinstance(record, Application) else record.pk
    told = Event.objects.filter(application=whole, referral=part).exclude(kind__startswith="clock.")
    newest = told.order_by("-version", "-id").first()
    if newest and newest.version >= record.version and newest.state != record.state:
        record.version = newest.version
        write(record)


def opened(parts: Iterable[Referral]) -> list[Referral]:
    return [part for part in parts if part.is_open]


def returned(row: Application, parts: Sequence[Referral]) -> list[Referral]:
    """The returned parts that wait for another unit: those whose process is not over.

    In triage with parts still at work somebody has to be waiting: the last one that came back, then.
    """
    if row.state not in (A.TRIAGE, A.ROUTED):
        return []
    sent_back = [part for part in counting(parts) if steps.needs_another_unit(part)]
    waiting = [part for part in sent_back if part.process is None or part.process.finished is None]
    if not waiting and row.state == A.TRIAGE and opened(parts):
        return sent_back[-1:]
    return waiting


def counting(parts: Sequence[Referral]) -> list[Referral]:
    """Those that no other has replaced."""
    replaced = {part.replaces_id for part in parts}
    return [part for part in parts if part.pk not in replaced]


def _name_the_state(part: Referral) -> None:
    """A referral in a state that does not exist: answered when there is an answer, else to be done."""
    if part.state in set(R):
        return
    if part.finished_at is not None and part.answers.exists():
        write(part, state=R.COMPLETED)
    else:
        write(part, state=R.IN_PROGRESS if part.assignee_id else R.REQUESTED, finished_at=None)


def _stand(row: Application, parts: Sequence[Referral]) -> None:
    """Where the application stands, given what its units do.

    Routed with nobody asked is no contradiction here: the round is over then, and the process itself
    goes on to the confirmation call or to triage.
    """
    still = opened(parts)
    if row.state not in set(A) or row.state == A.REGISTERED:
        write(row, state=A.CLOSED if row.closed_at and not still else A.ROUTED)
    if row.state in OVER:
        _call_back(still, row.state)
    elif row.state == A.CLOSED and still:
        if _confirmed_since(row, still):
            _call_back(still, "policy_met")
        else:  # nobody was told yet that it is done
            intake.move(row, A.ROUTED, closed_at=None)
    elif row.state == A.AWAITING_CONFIRMATION and (still or not _answered(parts)):
        if _answered(parts) and _is_met(row, parts):
            _call_back(still, "policy_met")
        else:
            intake.move(row, A.ROUTED)
    elif row.state == A.TRIAGE and still and not returned(row, parts):
        intake.move(row, A.ROUTED)


def _answered(parts: Sequence[Referral]) -> bool:
    return any(part.state in ANSWERED or steps.is_reasoned_refusal(part) for part in counting(parts))


def _is_met(row: Application, parts: Sequence[Referral]) -> bool:
    rows = [part for part in counting(parts) if part.state != R.CANCELLED]
    return policy_met(JoinPolicy(row.policy), [(part.is_lead, R(part.state)) for part in rows])


def _confirmed_since(row: Application, still: Iterable[Referral]) -> bool:
    asked = max(part.requested_at for part in still)
    return Confirmation.objects.filter(application=row, verdict=Verdict.CONFIRMED, at__gte=asked).exists()


def _call_back(still: Sequence[Referral], code: str) -> None:
    """Cancel what nobody waits for any more."""
    if not still:
        return
    reason = Reason.objects.get(pk=code)
    for part in still:
        referrals.advance(part, R.CANCELLED, reason=reason)
    sla.stop(still[0].application_id, still)
    publish([referral_news(Kind.REFERRAL_CANCELLED, part, reason=reason.code) for part in still])


def _let_one_lead(parts: Sequence[Referral]) -> None:
    """Of several open leads, and of open parts without any, the one that was asked first leads."""
    by_age = sorted(parts, key=lambda part: (part.requested_at, part.pk))
    still = opened(by_age)
    leads = [part for part in still if part.is_lead]
    for part in leads[1:]:
        write(part, is_lead=False)
    if still and not any(part.is_lead for part in counting(parts)):
        write(still[0], is_lead=True)
    elif by_age and not any(part.is_lead for part in parts):
        write(by_age[0], is_lead=True)
