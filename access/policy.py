"""The one table: which role may do what, and in which relation to the record. Data, no code.

What is not declared here is denied. The doors name an action per operation; a test walks every
route and fails on one that names none, and the generated matrix test reads its expectations here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .roles import AGENCY, CALL_CENTRE, Role


class Relation(StrEnum):
    """How the actor has to stand to the record."""

    ANY = "any"  # any record the actor can see
    OWN_QUEUE = "own_queue"  # the referral lies in a queue of the actor's units, or they offer the service
    ON_BEHALF = "on_behalf"  # the referral or unit is of a body outside, worked for by the call centre
    OWN = "own"  # the actor's own contact


class Action(StrEnum):
    """Everything anybody can ask for."""

    PEOPLE_SEARCH = "people.search"
    PERSON_VIEW = "person.view"
    PERSON_ADD = "person.add"
    PERSON_CHANGE = "person.change"
    CONTACT_VIEW = "contact.view"
    CONTACT_ADD = "contact.add"
    CONTACT_CHANGE = "contact.change"
    ROUTING_PREVIEW = "routing.preview"
    APPLICATION_REGISTER = "application.register"
    APPLICATION_LIST = "application.list"
    APPLICATION_VIEW = "application.view"
    APPLICATION_WHY = "application.why"
    APPLICATION_TRIAGE = "application.triage"
    APPLICATION_CONFIRM = "application.confirm"
    APPLICATION_REOPEN = "application.reopen"
    APPLICATION_WITHDRAW = "application.withdraw"
    APPLICATION_EXTEND = "application.extend"
    APPLICATION_ANNUL = "application.annul"
    TRIAGE_VIEW = "triage.view"
    CONFIRMATIONS_VIEW = "confirmations.view"
    REFERRAL_LIST = "referral.list"
    REFERRAL_VIEW = "referral.view"
    REFERRAL_WORK = "referral.work"
    REFERRAL_RESUME = "referral.resume"
    REFERRAL_RELEASE_ANY = "referral.release_any"
    REFERRAL_CANCEL = "referral.cancel"
    CLOCKS_VIEW = "clocks.view"
    CLOCK_CONTEST = "clock.contest"
    ESCALATIONS_VIEW = "escalations.view"
    ESCALATION_SETTLE = "escalation.settle"
    FORECAST_VIEW = "forecast.view"
    QUEUE_VIEW = "queue.view"
    BOARD_VIEW = "board.view"
    WEBHOOKS_VIEW = "webhooks.view"
    WEBHOOKS_EDIT = "webhooks.edit"
    DIRECTORY_VIEW = "directory.view"
    DIRECTORY_EDIT = "directory.edit"
    DIRECTORY_REPORT = "directory.report"
    CALENDAR_VIEW = "calendar.view"
    CALENDAR_EDIT = "calendar.edit"
    REFERENCE_VIEW = "reference.view"
    REFERENCE_EDIT = "reference.edit"
    RULES_VIEW = "rules.view"
    RULES_EDIT = "rules.edit"
    RULES_PUBLISH = "rules.publish"
    SCHEMA_VIEW = "schema.view"
    ANYONE_SIGNED_IN = "session"


@dataclass(frozen=True)
class Grant:
    """These roles may, when they stand in this relation to the record."""

    roles: frozenset[Role]
    relation: Relation = Relation.ANY


def _to(*roles: Role | frozenset[Role], relation: Relation = Relation.ANY) -> Grant:
    flat = frozenset(role for entry in roles for role in (entry if isinstance(entry, frozenset) else {entry}))
    return Grant(flat, relation)


R = Role
EVERYONE = frozenset(Role)

POLICY: dict[Action, tuple[Grant, ...]] = {
    Action.PEOPLE_SEARCH: (_to(CALL_CENTRE, R.CLINICIAN),),
    Action.PERSON_VIEW: (_to(CALL_CENTRE, R.CLINICIAN),),
    Action.PERSON_ADD: (_to(CALL_CENTRE),),
    Action.PERSON_CHANGE: (_to(CALL_CENTRE),),
    Action.CONTACT_VIEW: (_to(CALL_CENTRE),),
    Action.CONTACT_ADD: (_to(CALL_CENTRE),),
    Action.CONTACT_CHANGE: (_to(R.SUPERVISOR), _to(R.OPERATOR, relation=Relation.OWN)),
    Action.ROUTING_PREVIEW: (_to(CALL_CENTRE),),
    Action.APPLICATION_REGISTER: (_to(CALL_CENTRE),),
    Action.APPLICATION_LIST: (_to(CALL_CENTRE, AGENCY, R.CLINICIAN),),
    Action.APPLICATION_VIEW: (_to(CALL_CENTRE, AGENCY, R.CLINICIAN),),
    Action.APPLICATION_WHY: (_to(CALL_CENTRE, AGENCY, R.CLINICIAN),),
    Action.APPLICATION_TRIAGE: (_to(CALL_CENTRE),),
    Action.APPLICATION_CONFIRM: (_to(CALL_CENTRE),),
    Action.APPLICATION_REOPEN: (_to(CALL_CENTRE),),
    Action.APPLICATION_WITHDRAW: (_to(CALL_CENTRE),),
    Action.APPLICATION_EXTEND: (_to(R.SUPERVISOR),),
    Action.APPLICATION_ANNUL: (_to(R.SUPERVISOR),),
    Action.TRIAGE_VIEW: (_to(CALL_CENTRE),),
    Action.CONFIRMATIONS_VIEW: (_to(CALL_CENTRE),),
    Action.REFERRAL_LIST: (_to(CALL_CENTRE, AGENCY, R.CLINICIAN),),
    Action.REFERRAL_VIEW: (_to(CALL_CENTRE, AGENCY, R.CLINICIAN),),
    Action.REFERRAL_WORK: (
        _to(AGENCY, relation=Relation.OWN_QUEUE),
        _to(CALL_CENTRE, relation=Relation.ON_BEHALF),
    ),
    Action.REFERRAL_RESUME: (
        _to(AGENCY, relation=Relation.OWN_QUEUE),
        _to(CALL_CENTRE),  # the citizen calls back with what was waited for
    ),
    Action.REFERRAL_RELEASE_ANY: (
        _to(R.AGENCY_ADMIN, relation=Relation.OWN_QUEUE),
        _to(R.SUPERVISOR),
    ),
    Action.REFERRAL_CANCEL: (_to(R.SUPERVISOR),),
    Action.CLOCKS_VIEW: (_to(CALL_CENTRE, AGENCY, R.CLINICIAN),),
    Action.CLOCK_CONTEST: (
        _to(R.SUPERVISOR),
        _to(R.AGENCY_ADMIN, relation=Relation.OWN_QUEUE),
    ),
    Action.ESCALATIONS_VIEW: (_to(R.SUPERVISOR),),
    Action.ESCALATION_SETTLE: (_to(R.SUPERVISOR),),
    Action.FORECAST_VIEW: (_to(CALL_CENTRE), _to(R.AGENCY_ADMIN, relation=Relation.OWN_QUEUE)),
    Action.QUEUE_VIEW: (_to(CALL_CENTRE), _to(AGENCY, relation=Relation.OWN_QUEUE)),
    Action.BOARD_VIEW: (_to(CALL_CENTRE), _to(R.AGENCY_ADMIN, relation=Relation.OWN_QUEUE)),
    Action.WEBHOOKS_VIEW: (_to(R.ADMINISTRATOR), _to(R.AGENCY_ADMIN, relation=Relation.OWN_QUEUE)),
    Action.WEBHOOKS_EDIT: (_to(R.ADMINISTRATOR), _to(R.AGENCY_ADMIN, relation=Relation.OWN_QUEUE)),
    Action.DIRECTORY_VIEW: (_to(CALL_CENTRE, AGENCY, R.CLINICIAN, R.ADMINISTRATOR),),
    Action.DIRECTORY_EDIT: (_to(R.SUPERVISOR, R.ADMINISTRATOR),),
    Action.DIRECTORY_REPORT: (
        _to(R.SUPERVISOR, R.ADMINISTRATOR),
        _to(R.AGENCY_ADMIN, R.MACHINE, relation=Relation.OWN_QUEUE),  # of what one's own units offer
    ),
    Action.CALENDAR_VIEW: (_to(EVERYONE),),
    Action.CALENDAR_EDIT: (_to(R.ADMINISTRATOR),),
    Action.REFERENCE_VIEW: (_to(EVERYONE),),
    Action.REFERENCE_EDIT: (_to(R.ADMINISTRATOR),),
    Action.RULES_VIEW: (_to(R.SUPERVISOR, R.ADMINISTRATOR),),
    Action.RULES_EDIT: (_to(R.SUPERVISOR, R.ADMINISTRATOR),),
    Action.RULES_PUBLISH: (_to(R.SUPERVISOR, R.ADMINISTRATOR),),
    Action.SCHEMA_VIEW: (_to(EVERYONE),),
    Action.ANYONE_SIGNED_IN: (_to(EVERYONE),),
}
