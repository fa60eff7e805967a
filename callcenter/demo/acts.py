"""Carrying a story out: each method is what somebody does, through the same services as everybody."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from access.models import User
from agencies.lifecycle import ReferralState
from agencies.models import Referral
from callcenter.accounts import AGENCIES
from events import clock
from intake import services as intake
from intake.models import Application
from people import services as people
from people.models import Person, Relation
from workflows import actions

from .cast import KIN, Invented
from .material import Material
from .plan import Call, Story
from .scores import CRISES

TALK = timedelta(minutes=4)
WITHDRAWN = "Vətəndaş məsələnin həll olunduğunu bildirdi və müraciətini geri götürdü."
ANNULLED = "Müraciət səhvən başqa şəxsin adına qeydə alınıb."
WAITS = ("waiting_citizen", "waiting_document", "waiting_citizen", "waiting_commission")
TRIAGED = "Mövzu vətəndaşla dəqiqləşdirildi."
REROUTED = "Aidiyyəti quruma yönləndirildi."


@dataclass
class Company:
    """Who acts: the demo accounts by role and agency, and the citizens written so far."""

    material: Material
    people: list[Invented]
    users: dict[str, User]
    written: dict[int, Person] = field(default_factory=dict)

    def operator(self, number: int) -> User:
        return self.users["operator2" if number % 3 == 0 else "operator"]

    @property
    def supervisor(self) -> User:
        return self.users["supervisor"]

    def of_unit(self, unit: str, desk: int) -> User:
        """Mostly the agency's worker, now and then who leads it; the call centre for a body outside."""
        if self.material.is_external(unit):
            return self.supervisor if desk < 20 else self.operator(desk)
        name = next(name for name, (code, _) in AGENCIES.items() if code == self.material.agency(unit))
        return self.users[f"{name}-admin" if desk < 15 else name]

    def person(self, place: int) -> Person:
        """The citizen, registered when first needed, with the relative he belongs to."""
        if place not in self.written:
            one = self.people[place]
            self.written[place] = self._write(one)
            if one.relation:
                other, kind = one.relation
                self._relate(self.written[place], self.person(other), kind)
        return self.written[place]

    def _write(self, one: Invented) -> Person:
        return people.add(
            family_name=one.family_name,
            given_name=one.given_name,
            patronymic=one.patronymic,
            fin=one.fin,
            phones=one.phones,
            district=one.district,
            categories=one.categories,
            birth_date=one.birth_date,
            sex=one.sex,
            address=one.address,
            language=one.language,
            safety_note=one.safety_note,
            synthetic=True,
        )

    def _relate(self, person: Person, other: Person, kind: str) -> None:
        Relation.objects.bulk_create(
            [
                Relation(person=person, other=other, kind=kind),
                Relation(person=other, other=person, kind=KIN[kind]),
            ]
        )


class Performance:
    """One story while it is played: its application and, by slot, the referral that is at work."""

    def __init__(self, story: Story, company: Company) -> None:
        self.story = story
        self.company = company
        self.application: Application
        self.referrals: dict[int, UUID] = {}
        self.units = dict(enumerate(story.units))

    @property
    def _operator(self) -> User:
        return self.company.operator(self.story.number)

    def _worker(self, slot: int) -> User:
        return self.company.of_unit(self.units[slot], self.story.desks[slot])

    # --- the call centre ------------------------------------------------------------------------------

    def register(self) -> None:
        story, person = self.story, self.company.person(self.story.person)
        subtopic = self.company.material.subtopics[story.subtopic]
        with clock.at(clock.now() - TALK):
            contact = intake.start_contact(
                operator_id=self._operator.pk,
                channel=story.channel["channel"],
                direction=story.channel["direction"],
                caller=person,
                number=self.company.people[story.person].phones[0],
                verification=story.verification,
            )
        self.application = actions.register(
            actor=self._operator,
            person=person,
            contact=contact,
            subtopic=subtopic,
            text=story.text,
            facts=story.facts,
            synthetic=True,
        )
        intake.finalise_contact(contact=contact.pk, disposition=self._disposition())
        self._find_referrals()

    def _disposition(self) -> str:
        crisis = self.story.subtopic in CRISES
        if self.story.channel["direction"] == "out":
            return "crisis_detected" if crisis else "completed_need_found"
        return "crisis_handled" if crisis else "application_opened"

    def _find_referrals(self) -> None:
        """The newest referral of every slot's unit."""
        found = dict(
            Referral.objects.filter(application=self.application).order_by("pk").values_list("unit", "pk")
        )
        self.referrals |= {slot: found[unit] for slot, unit in self.units.items() if unit in found}

    def triage(self) -> None:
        """A person decides for an unclear application what the rules would have said."""
        lead, *joint = self.story.units
        actions.triage(
            actor=self._operator, application=self.application.pk, lead=lead, joint=joint, text=TRIAGED
        )
        self._find_referrals()

    def reroute(self, slot: int, unit: str) -> None:
        """Another unit takes over a returned part."""
        actions.triage(
            actor=self.company.supervisor,
            application=self.application.pk,
            lead=unit,
            text=REROUTED,
            referral=self.referrals[slot],
        )
        self.units[slot] = unit
        self._find_referrals()

    def cancel(self, slot: int, reason: str) -> None:
        actions.cancel(actor=self.company.supervisor, referral=self.referrals[slot], reason=reason)

    def unreachable(self) -> None:
        self.call("out", "no_answer")
        actions.unreachable(actor=self._operator, application=self.application.pk)

    def call(self, direction: str, disposition: str) -> None:
        person = self.company.person(self.story.person)
        number = self.company.people[self.story.person].phones[0]
        log_call(self._operator, person, number, direction, disposition)

    def confirm(self, text: str) -> None:
        actions.confirm(actor=self._operator, application=self.application.pk, text=text)

    def dispute(self, slot: int, text: str) -> None:
        referral = self.referrals[slot]
        actions.dispute(actor=self._operator, application=self.application.pk, referral=referral, text=text)
        self._find_referrals()

    def reopen(self, slot: int, text: str) -> None:
        referral = self.referrals[slot]
        actions.reopen(actor=self._operator, application=self.application.pk, referral=referral, text=text)
        self._find_referrals()

    def withdraw(self) -> None:
        actions.withdraw(actor=self._operator, application=self.application.pk, text=WITHDRAWN)

    def annul(self) -> None:
        actions.annul(actor=self.company.supervisor, application=self.application.pk, text=ANNULLED)

    # --- the agencies -----------------------------------------------------------------------------------

    def claim(self, slot: int) -> None:
        actions.claim(actor=self._worker(slot), referral=self.referrals[slot])

    def release(self, slot: int) -> None:
        actions.release(actor=self._worker(slot), referral=self.referrals[slot])

    def accept(self, slot: int) -> None:
        actions.accept(actor=self._worker(slot), referral=self.referrals[slot])

    def start(self, slot: int) -> None:
        actions.start(actor=self._worker(slot), referral=self.referrals[slot])

    def hold(self, slot: int) -> None:
        reason = WAITS[(self.story.number + slot) % len(WAITS)]
        actions.hold(actor=self._worker(slot), referral=self.referrals[slot], reason=reason)

    def resume(self, slot: int) -> None:
        """What was waited for has come, unless the time of the wait was up before."""
        if Referral.objects.filter(pk=self.referrals[slot], state=ReferralState.ON_HOLD).exists():
            actions.resume(actor=self._worker(slot), referral=self.referrals[slot])

    def complete(self, slot: int, outcome: str, text: str) -> None:
        actions.complete(actor=self._worker(slot), referral=self.referrals[slot], outcome=outcome, text=text)

    def reject(self, slot: int, reason: str, text: str, suggested: str | None) -> None:
        actions.reject(
            actor=self._worker(slot),
            referral=self.referrals[slot],
            reason=reason,
            text=text,
            suggested_unit=suggested,
        )

    def fail(self, slot: int, reason: str, text: str) -> None:
        actions.fail(actor=self._worker(slot), referral=self.referrals[slot], reason=reason, text=text)


def attempt(call: Call, company: Company) -> None:
    """A contact that leads to no application."""
    person = company.person(call.person) if call.person is not None else None
    number = company.people[call.person].phones[0] if call.person is not None else ""
    log_call(company.operator(call.at.minute), person, number, call.direction, call.disposition)


def log_call(operator: User, person: Person | None, number: str, direction: str, disposition: str) -> None:
    with clock.at(clock.now() - TALK / 4):
        contact = intake.start_contact(
            operator_id=operator.pk, direction=direction, caller=person, number=number
        )
    intake.finalise_contact(contact=contact.pk, disposition=disposition)
