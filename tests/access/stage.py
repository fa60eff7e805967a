"""A day's work as real rows, and who stands where in it: what the matrix and the canary walk over."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from access.models import Token, User
from access.policy import POLICY, Action, Relation
from access.roles import AGENCY, CALL_CENTRE, Role
from agencies.models import Agency, Membership, Referral, Service, Unit
from delivery import services as delivery
from delivery.models import Delivery, Endpoint
from events import clock
from intake import services as intake
from intake.models import Application, Contact, Subtopic
from people import services as people
from people.models import Person
from routing import editing
from routing.models import RuleSet
from sla.models import Firing
from tests.access.routes import Route
from workflows import actions, firing

# Everybody who may stand before the door: name, role and unit.
STAFF: dict[str, tuple[Role, str | None]] = {
    "operator": (Role.OPERATOR, None),
    "operator of another shift": (Role.OPERATOR, None),
    "supervisor": (Role.SUPERVISOR, None),
    "clinician": (Role.CLINICIAN, None),
    "administrator": (Role.ADMINISTRATOR, None),
    "front desk of MLSPP": (Role.AGENCY_WORKER, "MLSPP"),
    "worker of DTSERA": (Role.AGENCY_WORKER, "MLSPP.DTSERA"),
    "worker of another unit of MLSPP": (Role.AGENCY_WORKER, "MLSPP.DSMF"),
    "administrator of MLSPP": (Role.AGENCY_ADMIN, "MLSPP"),
    "machine of MLSPP": (Role.MACHINE, "MLSPP"),
    "worker of YASHAT": (Role.AGENCY_WORKER, "YASHAT"),
    "worker of TABIB": (Role.AGENCY_WORKER, "TABIB"),
    "administrator of TABIB": (Role.AGENCY_ADMIN, "TABIB"),
    "machine of TABIB": (Role.MACHINE, "TABIB"),
    "worker without a unit": (Role.AGENCY_WORKER, None),
}
# Who stands where another stands whole already: asked about two records per operation, and of no page.
TWINS = ("operator of another shift", "administrator of TABIB", "machine of TABIB")
STRANGERS = ("nobody", "disabled user", "revoked token")


@dataclass
class Stage:
    users: dict[str, User]
    secrets: dict[str, str]
    applications: dict[str, Application] = field(default_factory=dict)
    referrals: dict[str, Referral] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    breaches: dict[str, Firing] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    rulesets: dict[str, RuleSet] = field(default_factory=dict)
    person: Person | None = None


def hire(more: dict[str, tuple[Role, str | None]] | None = None) -> Stage:
    """Make the staff, with one token each; the strangers' credentials are worth nothing."""
    users, secrets = {}, {"nobody": ""}
    strangers = dict.fromkeys(STRANGERS[1:], (Role.AGENCY_WORKER, "MLSPP"))
    for name, (role, unit) in {**STAFF, **(more or {}), **strangers}.items():
        user = User.objects.create(username=name.replace(" ", "-"), role=role)
        if unit:
            Membership.objects.create(user=user, unit_id=unit)
        users[name], secrets[name] = user, Token.issue(user)
    User.objects.filter(pk=users["disabled user"].pk).update(is_active=False)
    Token.objects.filter(user=users["revoked token"]).update(revoked_at="2026-01-01T00:00:00Z")
    return Stage(users, secrets)


def a_day() -> Stage:
    """Six applications in different hands and states."""
    stage = hire()
    operator = stage.users["operator"]
    stage.person = people.add(
        family_name="Nümunəvi", given_name="Orxan", patronymic="Sınaq", sex="m", phones=["0501234567"]
    )

    def register(subtopic: str, **facts: Any) -> Application:
        call = intake.start_contact(operator_id=operator.pk, caller=stage.person, verification=1)
        return actions.register(
            actor=operator,
            person=stage.person,
            contact=call,
            subtopic=Subtopic.objects.select_related("topic").get(pk=subtopic),
            text="Kömək lazımdır.",
            facts=facts,
        )

    def referral(application: Application, unit: str) -> Referral:
        return Referral.objects.select_related("unit", "agency").get(application=application, unit=unit)

    prosthesis = register("PRO-REPAIR")  # health; MLSPP.DTSERA leads, YASHAT joins
    insurance = register("SOC-INSPAY")  # no health; DSKS and MOD are outside the system, MLSPP joins
    proposal = register("CMP-IDEA")  # no health; only MOH.SECT
    unclear = register("PRO-NEW", unclear=True)  # in triage, nobody asked yet
    answered = register("HOU-CAR")  # MLSPP.DTSERA leads, MLSPP joins; both have answered
    closed = register("SOC-STIP")  # MLSPP.DSMF and MLSPP.DOST; confirmed

    for application in (answered, closed):
        for row in Referral.objects.filter(application=application):
            front = stage.users["front desk of MLSPP"]
            actions.complete(actor=front, referral=row.pk, outcome="provided", text="Görüldü.")
    actions.confirm(actor=operator, application=closed.pk, text="Razıdır.")
    taken = referral(insurance, "MLSPP")
    actions.claim(actor=stage.users["machine of MLSPP"], referral=taken.pk)
    outside = referral(insurance, "DSKS")
    actions.hold(actor=operator, referral=outside.pk, reason="waiting_citizen")
    time_passes(clock.now() + timedelta(days=120), escalating=insurance)

    rows = {
        "prosthesis": prosthesis,
        "insurance": insurance,
        "proposal": proposal,
        "unclear": unclear,
        "answered": answered,
        "closed": closed,
    }
    stage.applications = {
        name: Application.objects.select_related("subtopic__topic").get(pk=row.pk)
        for name, row in rows.items()
    }
    stage.referrals = {
        "of DTSERA": referral(prosthesis, "MLSPP.DTSERA"),
        "of YASHAT": referral(prosthesis, "YASHAT"),
        "of a body outside": referral(insurance, "DSKS"),
        "of MLSPP, taken": referral(insurance, "MLSPP"),
        "of MOH": referral(proposal, "MOH.SECT"),
        "answered by DTSERA": referral(answered, "MLSPP.DTSERA"),
    }
    stage.contacts = {
        "of the operator": intake.start_contact(operator_id=operator.pk, caller=stage.person),
        "of another shift": intake.start_contact(operator_id=stage.users["operator of another shift"].pk),
    }
    stage.breaches = {
        "of DTSERA": breach(prosthesis, "MLSPP.DTSERA"),
        "of YASHAT": breach(prosthesis, "YASHAT"),
        "of the promise": breach(prosthesis),
        "of MLSPP": breach(insurance, "MLSPP"),
        "of the promise, escalated": breach(insurance),
    }
    stage.services = {
        row.unit_id: row
        for row in Service.objects.filter(unit__in=["MLSPP.DTSERA", "TABIB", "DSKS"]).select_related("unit")
    }
    stage.rulesets = some_rules()
    for agency in ("MLSPP", "TABIB"):
        asker = stage.users[f"administrator of {agency}"]
        told = {"actor": asker, "agency": agency, "url": "https://93.184.215.14/dayaq"}
        stage.endpoints[agency] = delivery.add_endpoint(**told)[0]
        stage.deliveries[agency] = delivery.ping(actor=asker, endpoint=stage.endpoints[agency].pk)
    return stage


def some_rules() -> dict[str, RuleSet]:
    """The published rules and drafts of them at every step, by an author who is none of the staff."""
    author = User.objects.create(username="author-of-rules", role=Role.SUPERVISOR).pk
    source = RuleSet.objects.get(status="published")
    rows = {
        name: editing.start_draft(actor_id=author, source=source.pk, note="Sınaq.")
        for name in ("draft", "ready", "review")
    }
    tried = [rows["ready"].pk, rows["review"].pk]
    RuleSet.objects.filter(pk__in=tried).update(rehearsed=source.digest, rehearsal={})
    editing.submit(actor_id=author, number=rows["review"].pk)
    term = {"az": "Yetkindir", "when": {"fact": "age", "between": [18, None]}}
    editing.put_term(actor_id=author, number=rows["draft"].pk, name=TERM, term=term, why="Sınaq.")
    return {"published": source, **{name: RuleSet.objects.get(pk=row.pk) for name, row in rows.items()}}


def time_passes(until: datetime, *, escalating: Application | None = None) -> None:
    """Everything fires that is due until then; one broken promise gets to the supervisor."""
    while firing.fire(now=until):
        pass
    pending = Firing.objects.filter(clock__application=escalating, pending=True).select_related("clock")
    for row in sorted(pending, key=lambda row: row.clock.measure != "resolution"):
        actions.escalate(row.pk)


def breach(application: Application, unit: str | None = None) -> Firing:
    """The breach of a unit's share, by default of the promise."""
    rows = Firing.objects.select_related("clock__application", "clock__referral__unit").filter(level=100)
    measure = "resolve" if unit else "resolution"
    return rows.get(clock__application=application, clock__measure=measure, clock__referral__unit=unit)


TERM = "adult"  # of the draft: the rules in force have none
OF_RULES = {
    "<int:number>": "1",
    "<int:other>": "1",
    "<int:place>": "0",
    "<str:section>": "subject",
    "<str:rule>": "R-PRO-NEW",
    "<str:case>": "PRO-NEW.1",
    "<str:question>": "amputee",
    "<str:term>": TERM,
}


def addresses(day: Stage, route: Route) -> list[tuple[str, Any]]:
    """The page on every record it takes, with the record."""
    verbs = {"application-act": "withdraw", "delivery-act": "rotate", "delivery-one": "set-aside"}
    verbs["ruleset-act"] = "discard"
    path = "/" + route.path.replace("<str:verb>", verbs.get(route.name, "accept"))
    if "draft" in day.rulesets and "<str:term>" in path:
        path = path.replace("<int:number>", str(day.rulesets["draft"].pk))
    for part, value in OF_RULES.items():  # the rules in force: everybody's or nobody's
        path = path.replace(part, value)
    if "<uuid:endpoint>" in path:
        return [
            (
                path.replace("<uuid:endpoint>", str(row.endpoint_id)).replace("<uuid:delivery>", str(row.pk)),
                row,
            )
            for row in day.deliveries.values()
        ]
    if "<uuid:service>" in path:
        return [(path.replace("<uuid:service>", str(row.pk)), row) for row in day.services.values()]
    if "<uuid:application>" in path:
        rows: list[Any] = [*day.applications.values()]
        return [(path.replace("<uuid:application>", str(row.pk)), row) for row in rows]
    if "<uuid:referral>" in path:
        beside = "?unit={row.unit_id}" if route.name == "referral-row" else ""
        return [
            (path.replace("<uuid:referral>", str(row.pk)) + beside.format(row=row), row)
            for row in day.referrals.values()
        ]
    if "<uuid:record>" in path:  # who else has it open
        whole = [(f"application/{row.pk}", row) for row in day.applications.values()]
        parts = [(f"referral/{row.pk}", row) for row in day.referrals.values()]
        return [(path.replace("<str:kind>/<uuid:record>", name), row) for name, row in whole + parts]
    if "<uuid:contact>" in path:
        rows = [*day.contacts.values()]
        return [(path.replace("<uuid:contact>", str(row.pk)), row) for row in rows]
    if "<uuid:person>" in path:
        return [(path.replace("<uuid:person>", str(day.person.pk)), day.person)]
    if "<str:unit>" in path:
        units = Unit.objects.filter(pk__in=["MLSPP", "MLSPP.DTSERA", "TABIB", "YASHAT", "DSKS"])
        return [(path.replace("<str:unit>", unit.code), unit) for unit in units]
    assert "<" not in path, f"the matrix does not know how to open {path}"
    return [(path, None)]


# The oracle: the rules once more, in the plainest words, without the product's own selectors -------------


def grants(actor: User, action: Action) -> bool:
    return any(actor.role in grant.roles for grant in POLICY[action])


def allows(actor: User, action: Action, record: Any) -> bool:
    return any(actor.role in g.roles and stands(actor, g.relation, record) for g in POLICY[action])


def stands(actor: User, relation: Relation, record: Any) -> bool:
    if relation == Relation.ANY or record is None:
        return True
    if relation == Relation.OWN:
        return bool(record.operator_id == actor.pk)
    if relation == Relation.ON_BEHALF:
        return isinstance(record, (Referral, Unit)) and record.agency.scope == "external"
    if isinstance(record, Firing):  # of a promise: it lies in nobody's queue
        share = record.clock.referral
        return share is not None and works_for(actor, share.unit)
    if isinstance(record, (Endpoint, Delivery)):
        record = Agency(code=getattr(record, "endpoint", record).agency_id)
    if isinstance(record, Agency):
        return record.code in {code.split(".")[0] for code in units_of(actor)}
    return works_for(actor, record.unit if isinstance(record, (Referral, Service)) else record)


def units_of(actor: User) -> set[str]:
    return {row.unit_id for row in Membership.objects.filter(user=actor)}


def works_for(actor: User, unit: Unit) -> bool:
    """Is the unit the actor's own, or below it? The codes say so: MLSPP is above MLSPP.DTSERA."""
    return any(unit.code == own or unit.code.startswith(f"{own}.") for own in units_of(actor))


def sees(actor: User, record: Any) -> bool:
    """Is it a record at all, for this actor?"""
    if record is None:
        return True
    if isinstance(record, (Person, Contact)):
        wanted = CALL_CENTRE | ({Role.CLINICIAN} if isinstance(record, Person) else set())
        return actor.role in wanted
    if isinstance(record, Unit):
        return actor.role in CALL_CENTRE or (actor.role in AGENCY and works_for(actor, record))
    if isinstance(record, (Endpoint, Delivery)):
        own = actor.role == Role.AGENCY_ADMIN and stands(actor, Relation.OWN_QUEUE, record)
        return own or actor.role == Role.ADMINISTRATOR
    if isinstance(record, RuleSet):
        return actor.role in (Role.SUPERVISOR, Role.ADMINISTRATOR)
    if isinstance(record, (Agency, Service)):
        return True  # who there is and what they do is public to everybody inside
    if isinstance(record, Firing):
        return sees(actor, record.clock.application)
    if actor.role in CALL_CENTRE:
        return True
    if actor.role == Role.CLINICIAN:
        subtopic = Subtopic.objects.select_related("topic").get(pk=record.subtopic_id)
        return bool(subtopic.topic.health)
    if actor.role not in AGENCY:
        return False
    if isinstance(record, Referral):
        return works_for(actor, record.unit)
    rows = Referral.objects.filter(application=record).select_related("unit")
    return any(works_for(actor, row.unit) for row in rows)
