"""Which repair belongs to which invariant, in the order in which one makes the next possible.

First the engine's rows are made readable, then the records are made possible and the engine put where they
say, then what is of nobody ends, then time, and last the journal tells what is so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from . import clocks, engine, journal
from .audit import Finding, findings
from .rebuild import rebuild

log = logging.getLogger(__name__)

MANY = 50_000  # findings of one check that one repair takes on; the next takes the rest
FAILED = "repair-failed"


def place(finding: Finding) -> bool:
    """Put the application of a finding right, with its parts and its processes."""
    application = engine.application_of(finding.record)
    return application is not None and rebuild(application, finding.check)


# What no repair can do: somebody has to see to it that the jobs run, or that the receiver answers.
FOR_PEOPLE = frozenset({"delivery-is-tried", "endpoint-keeps-up"})
REPAIRS: dict[str, Callable[[Finding], bool]] = {
    "known-flow": engine.name_the_flow,
    "task-of-its-process": engine.move_home,
    "known-node": engine.name_the_node,
    "no-task-failed": engine.clear_failure,
    "engine-holds-no-facts": engine.forget_facts,
    "known-state": place,
    "referral-agency": place,
    "closed-is-over": place,
    "confirmation-has-an-answer": place,
    "one-leads": place,
    "open-has-a-lead": place,
    "somebody-leads": place,
    "application-process": place,
    "application-task": place,
    "application-queue": place,
    "routed-is-worked-on": place,
    "triage-is-on-the-desk": place,
    "answered-waits-for-confirmation": place,
    "referral-process": place,
    "child-of-its-application": place,
    "referral-task": place,
    "finished-leaves-the-desk": place,
    "task-owner": place,
    "task-queue": place,
    "one-task-per-node": place,
    "parent-goes-on": place,
    "process-has-an-owner": engine.end_process,
    "finished-process-is-over": engine.end_process,
    "held-while-a-hold-is-open": clocks.agree_on_wait,
    "hold-ends": clocks.end_hold,
    "owner-may-act": clocks.take_back,
    "clock-stops": clocks.stop,
    "clock-runs": clocks.run_on,
    "fired-levels": clocks.count_levels,
    "next-level": clocks.set_next,
    "somebody-sweeps": clocks.fire,
    "boundary-of-its-process": clocks.draw,
    "escalation-of-a-breach": clocks.escalate,
    "breach-is-followed-up": clocks.follow_up,
    "due-copy": clocks.copy_due,
    "application-event": journal.tell,
    "referral-event": journal.tell,
    "event-audience": journal.tell,
    "event-is-stamped": journal.stamp_all,
    "positions-are-dense": journal.begin_anew,
    "event-has-its-delivery": journal.keep_for_delivery,
    "accepted-key-has-its-result": journal.forget_key,
}


def repair() -> Iterator[Finding]:
    """Put right what can be; yields what was done, and as ``FAILED`` what was tried in vain.

    Each record has a transaction of its own, and is looked at again under its locks: what somebody put
    right meanwhile, or what a person has to decide, is left alone.
    """
    for name, mend in REPAIRS.items():
        for finding in {it.record: it for it in findings(name, MANY)}.values():  # each record once
            try:
                if finding.record and mend(finding):
                    yield finding
            except Exception as error:  # one record that cannot be right must not keep the others waiting
                log.exception("%s: %s cannot be repaired", name, finding.record)
                yield Finding(FAILED, finding.record, f"{name}: {type(error).__name__}")
