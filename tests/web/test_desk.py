"""The desk: find or add the person, log the call, see where it goes, register."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from intake import services as intake
from intake.lifecycle import ContactState
from intake.models import Application, Contact, Subtopic
from people.models import Person
from routing.models import Decision

from .reading import statements, text_of

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
Browser = Callable[..., Client]


def find(client: Client, query: str) -> Any:
    return client.post(reverse("desk-search"), {"q": query}, headers=HTMX)


@pytest.fixture
def call(people_at_work: Any, person: Callable[..., Person]) -> Callable[..., Contact]:
    """A running conversation of the operator."""

    def make(who: Person | None = None, **fields: Any) -> Contact:
        caller = who or person()
        return intake.start_contact(
            operator_id=people_at_work.operator.pk, caller=caller, verification=1, **fields
        )

    return make


def form_of(contact: Contact, **fields: Any) -> dict[str, Any]:
    return {"contact": str(contact.pk), "key": str(uuid4()), "text": "Protez sınıb, gilz sıxır.", **fields}


def register_at(client: Client, contact: Contact, **fields: Any) -> Any:
    return client.post(reverse("desk-register"), form_of(contact, **{"subtopic": "PRO-REPAIR", **fields}))


# Who may ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("operator", 200),
        ("supervisor", 200),
        ("clinician", 403),
        ("tabib", 403),
        ("tabib_admin", 403),
        ("admin", 403),
    ],
)
def test_the_desk_is_the_call_centres(browser: Browser, name: str, status: int) -> None:
    assert browser(name).get(reverse("desk")).status_code == status
    assert browser(name).get(reverse("desk-add-person")).status_code == status
    assert browser(name).get(reverse("desk-topics")).status_code == status


def test_strangers_are_sent_to_the_sign_in(client: Client, reference: None) -> None:
    assert client.get(reverse("desk")).status_code == 302
    assert client.post(reverse("desk-register")).status_code == 302


def test_a_clinician_finds_people_but_starts_no_call(browser: Browser, person: Any) -> None:
    person(family_name="Həsənli", given_name="Orxan")
    page = find(browser("clinician"), "Həsənli")
    assert "Həsənli Orxan" in text_of(page)
    assert b'name="person"' not in page.content


def test_an_agency_finds_nobody(browser: Browser, person: Any) -> None:
    person(family_name="Həsənli")
    assert find(browser("tabib"), "Həsənli").status_code == 403


def test_a_colleagues_conversation_is_to_be_read_only(browser: Browser, call: Any) -> None:
    contact = call(notes="Öz sözləri ilə")
    other = browser("operator2")
    page = other.get(reverse("desk"), {"contact": contact.pk})
    assert page.status_code == 200
    assert "Öz sözləri ilə" in text_of(page)
    assert b'id="application"' not in page.content
    assert other.post(reverse("desk-contact", args=[contact.pk]), {"text": "x"}).status_code == 403
    assert (
        other.post(reverse("desk-finalise", args=[contact.pk]), {"disposition": "silent"}).status_code == 403
    )
    assert register_at(other, contact).status_code == 403
    assert Application.objects.count() == 0


@pytest.mark.parametrize("contact", ["", "x", str(uuid4()), "1 OR 1=1"])
def test_an_unknown_conversation_is_not_found(browser: Browser, contact: str) -> None:
    assert browser().get(reverse("desk"), {"contact": contact}).status_code == 404


# Finding and adding ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "5ABC123",
        "5abc123",
        "050 000 12 34",
        "+994500001234",
        "(050)000-12-34",
        "Həsənli Orxan",
        "hesenli",
        "Гасанли",
    ],
)
def test_one_box_finds_by_everything(browser: Browser, person: Any, query: str) -> None:
    person(
        family_name="Həsənli", given_name="Orxan", fin="5ABC123", phones=["0500001234"], categories=["VET"]
    )
    said = text_of(find(browser(), query))
    assert "Həsənli Orxan" in said
    assert "Tərtər" in said or "Tartar" in said
    assert "War veteran" in said


def test_the_number_of_an_application_finds_its_person(browser: Browser, register: Any) -> None:
    row = register()
    said = text_of(find(browser(), row.number.lower().replace("-", " ")))
    assert row.person.full_name in said
    assert "open: 1" in said


def test_a_shared_number_shows_both_and_chooses_nobody(browser: Browser, person: Any) -> None:
    orxan, lale = (
        person(given_name="Orxan", phones=["0500001234"]),
        person(given_name="Lalə", phones=["0500001234"]),
    )
    page = find(browser(), "050 000 12 34")
    assert orxan.full_name in text_of(page)
    assert lale.full_name in text_of(page)
    assert Contact.objects.count() == 0


def test_a_name_typed_under_another_layout_is_understood(browser: Browser, person: Any) -> None:
    person(family_name="Əliyev", given_name="Elçin")
    said = text_of(find(browser(), "Эдшнум"))
    assert "Əliyev Elçin" in said
    assert "keyboard layout" in said


def test_what_is_searched_stays_out_of_addresses(browser: Browser) -> None:
    assert browser().get(reverse("desk-search"), {"q": "Həsənli"}).status_code == 405


def test_nobody_found_offers_to_write_the_person_down(browser: Browser) -> None:
    page = find(browser(), "Qurbanov Elməddin")
    assert "Nobody was found" in text_of(page)
    begun = browser().post(reverse("desk-add-person"), {"begin": "1", "q": "qurbanov elməddin"})
    assert 'value="Qurbanov"' in begun.content.decode()
    assert 'value="Elməddin"' in begun.content.decode()


@pytest.mark.parametrize("query", ["", " ", "\x00", "%", "'; DROP TABLE", "a" * 5000, "٠٥٠", "‮abc"])
def test_any_query_is_answered(browser: Browser, person: Any, query: str) -> None:
    person()
    assert find(browser(), query).status_code == 200


def test_results_cost_the_same_for_one_and_for_eight(browser: Browser, person: Any, register: Any) -> None:
    client = browser()
    register(person=person(family_name="Nümunəvi", categories=["VET"]))
    one = statements(lambda: find(client, "Nümunəvi"))
    for _ in range(9):
        register(person=person(family_name="Nümunəvi", categories=["VET", "WDIS"]))
    many = statements(lambda: find(client, "Nümunəvi"))
    page = find(client, "Nümunəvi")
    assert page.content.count(b"data-roving-item") == 8
    assert many == one


PERSON = {
    "family_name": "Əsgərova",
    "given_name": "Günay",
    "patronymic": "Tofiq",
    "sex": "f",
    "birth_date": "9.3.1990",
    "fin": "5abc123",
    "phones": "050 123 45 67\n055 765 43 21",
    "district": "AGC",
    "categories": ["SHF"],
    "language": "az",
    "safety_note": "10:00-dan əvvəl zəng etməyin",
}


def test_adding_a_person_begins_the_conversation(browser: Browser, people_at_work: Any) -> None:
    client = browser()
    answer = client.post(reverse("desk-add-person"), {**PERSON, "key": "k1"})
    added = Person.objects.get(fin="5ABC123")
    contact = Contact.objects.get(caller=added)
    assert answer.url == f"{reverse('desk')}?contact={contact.pk}"
    assert [phone.number for phone in added.phones.all()] == ["+994501234567", "+994557654321"]
    assert (contact.channel, contact.direction, contact.operator) == ("phone", "in", people_at_work.operator)
    assert "10:00-dan əvvəl" in text_of(client.get(answer.url))


def test_the_same_form_twice_adds_one_person(browser: Browser) -> None:
    client, form = browser(), {**PERSON, "fin": "", "key": "k2"}
    first, second = (client.post(reverse("desk-add-person"), form) for _ in range(2))
    assert Person.objects.count() == 1
    assert first.url == second.url


def test_a_mistyped_fin_is_explained_and_the_likely_one_offered(browser: Browser) -> None:
    client = browser()
    page = client.post(reverse("desk-add-person"), {**PERSON, "fin": "5ABCI2O"})
    body = page.content.decode()
    assert page.status_code == 422
    assert "never I or O" in text_of(page)
    assert 'value="5ABCI2O"' in body, "what was typed stays"
    assert 'value="Əsgərova"' in body
    assert "050 123 45 67" in body
    assert 'name="use_fin" value="5ABC120"' in body
    assert Person.objects.count() == 0, "never stored unasked"
    client.post(reverse("desk-add-person"), {**PERSON, "fin": "5ABCI2O", "use_fin": "5ABC120"})
    assert Person.objects.get().fin == "5ABC120"


def test_everything_that_is_wrong_is_told_at_once(browser: Browser) -> None:
    page = browser().post(
        reverse("desk-add-person"), {**PERSON, "fin": "5ABCI2O", "phones": "103", "birth_date": "31.02.1990"}
    )
    assert set(page.context["form"].errors) == {"fin", "phones", "birth_date"}


def test_a_taken_fin_leads_to_its_person(browser: Browser, person: Any) -> None:
    owner = person(given_name="Elçin", fin="5ABC123")
    page = browser().post(reverse("desk-add-person"), PERSON)
    assert page.status_code == 409
    assert owner.full_name in text_of(page)
    assert f'name="person" value="{owner.pk}"' in page.content.decode()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("family_name", "", "This field is needed"),
        ("given_name", "Gü\x00nay", "cannot be stored"),
        ("phones", "103", "service number"),
        ("phones", "050 12", "9 digits"),
        ("birth_date", "31.02.1990", "cannot be read"),
        ("birth_date", "01.01.2190", "cannot be a date of birth"),
        ("address", "x" * 301, "too long"),
        ("district", "NOWHERE", "NOWHERE"),
        ("fin", "123", "7 characters"),
    ],
)
def test_what_cannot_be_stored_is_explained_and_kept(
    browser: Browser, field: str, value: str, sentence: str
) -> None:
    page = browser().post(reverse("desk-add-person"), {**PERSON, field: value})
    assert page.status_code == 422
    assert sentence in text_of(page)
    assert "Günay" in page.content.decode() or field == "given_name"
    assert Person.objects.count() == 0


# The conversation ------------------------------------------------------------------------------------------


def test_choosing_twice_begins_one_conversation(browser: Browser, person: Any) -> None:
    client, who = browser(), person()
    form = {"person": str(who.pk), "key": "k3", "number": "+994501234567"}
    first, second = client.post(reverse("desk"), form), client.post(reverse("desk"), form)
    assert first.url == second.url
    assert Contact.objects.get().number == "+994501234567"
    client.post(reverse("desk"), {**form, "key": "k4"})
    assert Contact.objects.count() == 2


def test_a_call_may_begin_without_a_name(browser: Browser, person: Any) -> None:
    client = browser()
    page = client.get(client.post(reverse("desk"), {"key": "k5"}).url)
    contact = Contact.objects.get()
    assert contact.caller is None
    assert "Conversation without a name" in text_of(page)
    assert "needs a person" in text_of(page)
    who = person()
    answer = client.post(reverse("desk-contact", args=[contact.pk]), {"person": str(who.pk)})
    contact.refresh_from_db()
    assert contact.caller == contact.concerning == who
    assert who.given_name in text_of(client.get(answer.url))


def test_the_left_column_says_what_matters(browser: Browser, call: Any, person: Any, register: Any) -> None:
    who = person(safety_note="Mövzunu ailəyə açmayın", categories=["VET"])
    row = register(person=who, subtopic="SOC-STIP")
    said = text_of(browser().get(reverse("desk"), {"contact": call(who).pk}))
    for words in (
        "Mövzunu ailəyə açmayın",
        row.number,
        "Presidential stipend",
        "War veteran",
        "Identity: level 1",
    ):
        assert words in said


def test_the_conversation_costs_the_same_whatever_the_person_has(
    browser: Browser, call: Any, person: Any, register: Any
) -> None:
    client, who = browser(), person(categories=["VET"])
    register(person=who)
    contact = call(who)

    def look() -> int:
        return statements(lambda: client.get(reverse("desk"), {"contact": contact.pk, "subtopic": "PRO-NEW"}))

    before = look()
    for _ in range(6):
        register(person=who)
    assert look() == before


def test_the_note_is_saved_while_it_is_written(browser: Browser, call: Any) -> None:
    contact, client = call(), browser()
    address = reverse("desk-contact", args=[contact.pk])
    assert client.post(address, form_of(contact, text="Yarımçıq qeyd"), headers=HTMX).status_code == 204
    contact.refresh_from_db()
    assert contact.notes == "Yarımçıq qeyd"
    assert "Yarımçıq qeyd" in text_of(client.get(reverse("desk"), {"contact": contact.pk}))
    page = client.post(address, {"text": "ə" * 1501}, headers=HTMX)
    assert page.status_code == 422
    assert "1500" in text_of(page)
    contact.refresh_from_db()
    assert contact.notes == "Yarımçıq qeyd"


def test_the_level_of_identity_is_written_to_the_contact(browser: Browser, call: Any) -> None:
    contact, client = call(), browser()
    address = reverse("desk-contact", args=[contact.pk])
    page = client.post(address, {"verification": "2"}, headers=HTMX)
    contact.refresh_from_db()
    assert contact.verification == 2
    assert "Health details" in text_of(page)
    assert page["HX-Trigger"] == "dq:identity"
    for wrong in ("4", "-1", "x", ""):
        assert client.post(address, {"verification": wrong}, headers=HTMX).status_code == 422


def test_suggestions_come_from_the_note(browser: Browser, call: Any) -> None:
    page = browser().post(
        reverse("desk-topics"), form_of(call(), text="Protez sınıb, gilz sıxır, təmir lazımdır"), headers=HTMX
    )
    assert "Prosthesis repair" in text_of(page)
    page = browser().post(reverse("desk-topics"), form_of(call(), text="yasamaq istemirem"), headers=HTMX)
    assert "sign of distress" in text_of(page)


def test_the_list_of_subjects_is_narrowed_by_typing(browser: Browser) -> None:
    client = browser()
    whole = client.get(reverse("desk-topics"))
    assert whole.content.count(b"data-roving-item") == Subtopic.objects.filter(active=True).count() == 60
    said = text_of(client.get(reverse("desk-topics"), {"q": "esit"}))
    assert "Hearing aid" in said
    assert "Sanatorium" not in said
    assert "No subject has such a word" in text_of(client.get(reverse("desk-topics"), {"q": "zzzz"}))


# Preview ---------------------------------------------------------------------------------------------------


def preview_of(client: Client, contact: Contact, **fields: Any) -> Any:
    return client.post(reverse("desk-preview"), form_of(contact, **fields), headers=HTMX)


CASES: list[dict[str, Any]] = [
    {"subtopic": "PRO-REPAIR"},
    {"subtopic": "PRO-REPAIR", "fact_disability_degree": '"1"', "fact_lives_alone": "on"},
    {"subtopic": "PRO-NEW", "consents": ["YASHAT"]},
    {"subtopic": "PSY-CRISIS"},
    {"subtopic": "PSY-FAMILY"},
    {"subtopic": "RX-STOCK", "fact_medicine_days_left": "0"},
    {"subtopic": "CMP-STAFF", "complained_about": "TABIB"},
    {"subtopic": "CMP-STAFF", "complained_about": "MOH"},
    {"subtopic": "SOC-STIP", "unclear": "on"},
]


@pytest.mark.parametrize("case", CASES)
def test_the_preview_is_what_registration_decides(browser: Browser, call: Any, case: dict[str, Any]) -> None:
    client, contact = browser(), call()
    shown = preview_of(client, contact, **case).context
    assert register_at(client, contact, **case).status_code == 302
    row = Application.objects.get()
    written = Decision.objects.get(application=row)
    expected = shown["decision"]
    assert (written.lead, written.joint) == (expected.lead, list(expected.joint))
    assert (written.policy, written.priority, written.target) == (
        expected.policy,
        expected.priority,
        expected.target,
    )
    assert written.trace == expected.trace_as_data()
    assert abs((row.due_at - shown["promise"].at).total_seconds()) < 60
    asked = {part.unit_id: (part.is_lead, part.disclosed) for part in row.referrals.all()}
    assert asked == {part.unit: (part.is_lead, list(part.disclosed)) for part in expected.parts}


def test_the_preview_says_who_sees_what(browser: Browser, call: Any) -> None:
    client, contact = browser(), call()
    said = text_of(preview_of(client, contact, subtopic="PRO-REPAIR"))
    assert "Consent has not been asked yet" in said
    assert "Will not see: The citizen's words" in said
    said = text_of(preview_of(client, contact, subtopic="PRO-REPAIR", consents=["YASHAT", "NOBODY"]))
    assert "Will not see" not in said
    assert "agreed" in said


def test_an_unclear_matter_goes_to_triage_and_says_so(browser: Browser, call: Any) -> None:
    page = preview_of(browser(), call(), subtopic="PRO-REPAIR", unclear="on")
    assert "Goes to triage" in text_of(page)
    assert page.context["decision"].to_triage


def test_only_what_the_rules_look_at_is_asked(browser: Browser, call: Any) -> None:
    client, contact = browser(), call()
    body = preview_of(client, contact, subtopic="RX-STOCK").content.decode()
    assert "fact_medicine_days_left" in body
    body = preview_of(client, contact, subtopic="HOU-FLAT").content.decode()
    assert "fact_disability_degree" in body
    assert "fact_medicine_days_left" not in body
    assert "complained_about" not in body


def test_the_same_subject_again_is_noticed(browser: Browser, call: Any, person: Any, register: Any) -> None:
    who = person()
    row = register(person=who, subtopic="PRO-REPAIR")
    contact, client = call(who), browser()
    assert row.number in text_of(preview_of(client, contact, subtopic="PRO-REPAIR"))
    assert row.number not in text_of(preview_of(client, contact, subtopic="PRO-NEW"))


def test_choosing_puts_the_subject_into_the_address(browser: Browser, call: Any) -> None:
    contact = call()
    page = preview_of(browser(), contact, choose="PRO-REPAIR")
    assert page["HX-Replace-Url"].endswith(f"?contact={contact.pk}&subtopic=PRO-REPAIR")
    assert 'name="subtopic" value="PRO-REPAIR"' in page.content.decode()


@pytest.mark.parametrize("code", ["NO-SUCH", "x" * 400, "\x00", "PRO-REPAIR\n"])
def test_an_unknown_subject_shows_no_preview(browser: Browser, call: Any, code: str) -> None:
    page = preview_of(browser(), call(), choose=code)
    assert page.status_code == 200
    assert page.context["decision"] is None


# Registering -----------------------------------------------------------------------------------------------


def test_registering_tells_number_code_and_date(browser: Browser, call: Any) -> None:
    client, contact = browser(), call()
    answer = register_at(client, contact)
    row = Application.objects.get()
    assert (row.text, row.contact, row.person) == ("Protez sınıb, gilz sıxır.", contact, contact.caller)
    said = text_of(client.get(answer.url))
    assert row.number in said
    assert row.tracking_code in said
    assert "An answer by" in said
    assert f'data-draft-done="contact:{contact.pk}:0"' in client.get(answer.url).content.decode()


def test_sending_twice_registers_once(browser: Browser, call: Any) -> None:
    client = browser()
    form = form_of(call(), subtopic="PRO-REPAIR")
    first, second = (client.post(reverse("desk-register"), form) for _ in range(2))
    assert Application.objects.count() == 1
    assert first.url == second.url


def test_the_same_form_with_other_words_asks_first(browser: Browser, call: Any) -> None:
    client = browser()
    form = form_of(call(), subtopic="PRO-REPAIR")
    client.post(reverse("desk-register"), form)
    page = client.post(reverse("desk-register"), {**form, "text": "Başqa məsələ"})
    assert page.status_code == 409
    assert "sent before" in text_of(page)
    assert "Başqa məsələ" in page.content.decode()
    again = client.post(
        reverse("desk-register"), {**form, "text": "Başqa məsələ", "key": page.context["work"].key}
    )
    assert again.status_code == 302
    assert Application.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"subtopic": "NO-SUCH"}, "Choose a subject"),
        ({"subtopic": ""}, "Choose a subject"),
        ({"text": ""}, "citizen's words"),
        ({"text": "ə" * 1501}, "At most 1500"),
        ({"text": "Protez\x00sınıb"}, "cannot be stored"),
        ({"fact_disability_degree": '"9"'}, "Disability degree"),
        ({"fact_disability_degree": "x\x00"}, "Disability degree"),
    ],
)
def test_a_refused_form_keeps_every_word_and_says_why(
    browser: Browser, call: Any, fields: dict[str, str], sentence: str
) -> None:
    page = register_at(browser(), call(), fact_lives_alone="on", **fields)
    body = page.content.decode()
    assert page.status_code == 422
    assert sentence in text_of(page)
    assert "error-summary" in body
    assert fields.get("text", "Protez sınıb, gilz sıxır.").strip("\x00") in unescape(body)
    assert Application.objects.count() == 0
    if "subtopic" not in fields:
        assert re.search(r'name="fact_lives_alone"[^>]*checked', body), "the ticks stay too"


def test_1500_characters_fit_whatever_they_are_made_of(browser: Browser, call: Any) -> None:
    assert register_at(browser(), call(), text="👨‍👩‍👧" * 100 + "ə" * 1400).status_code == 302


def test_another_application_starts_with_an_empty_note(browser: Browser, call: Any) -> None:
    client, contact = browser(), call()
    client.post(reverse("desk-contact", args=[contact.pk]), {"text": "Birinci məsələ"})
    register_at(client, contact, text="Birinci məsələ")
    page = client.get(reverse("desk"), {"contact": contact.pk})
    assert page.context["form"]["text"].value() == ""
    assert page.context["draft"] == f"contact:{contact.pk}:1"
    register_at(client, contact, subtopic="SOC-STIP", text="İkinci məsələ")
    assert contact.applications.count() == 2


def test_an_application_needs_a_person(browser: Browser, people_at_work: Any) -> None:
    contact = intake.start_contact(operator_id=people_at_work.operator.pk)
    page = register_at(browser(), contact)
    assert page.status_code == 422
    assert "Find or add the person first" in text_of(page)


# The end of the conversation -------------------------------------------------------------------------------


def test_the_conversation_ends_with_its_disposition(browser: Browser, call: Any) -> None:
    client, contact = browser(), call()
    address = reverse("desk-finalise", args=[contact.pk])
    page = client.post(address, {"disposition": "no-such"}, follow=True)
    assert "Choose how the contact ended" in text_of(page)
    page = client.post(address, {"disposition": "answered_info"}, follow=True)
    contact.refresh_from_db()
    assert (contact.state, contact.disposition_id) == (ContactState.FINALISED, "answered_info")
    assert "Information given" in text_of(page)
    assert client.post(address, {"disposition": "silent"}).status_code == 302
    contact.refresh_from_db()
    assert contact.disposition_id == "answered_info"


def test_words_for_a_finished_conversation_are_not_lost(browser: Browser, call: Any) -> None:
    client, contact = browser(), call()
    intake.finalise_contact(contact=contact.pk, disposition="answered_info")
    page = register_at(client, contact, text="Gecikmiş qeyd")
    assert page.status_code == 409
    assert "Gecikmiş qeyd" in text_of(page)
    assert Application.objects.count() == 0
    assert (
        client.post(reverse("desk-contact", args=[contact.pk]), {"text": "x"}, headers=HTMX).status_code
        == 409
    )


# One person ------------------------------------------------------------------------------------------------


def person_form(client: Client, who: Person, **changes: Any) -> dict[str, Any]:
    """The form as a browser would send it back: what was shown, and the changes."""
    form = client.get(reverse("desk-person", args=[who.pk])).context["form"]
    shown = {name: form[name].value() for name in form.fields}
    plain = {name: "" if value is None else value for name, value in shown.items()}
    if form.initial["birth_date"]:
        plain["birth_date"] = form.initial["birth_date"].strftime("%d.%m.%Y")
    return {
        **plain,
        **{f"initial-{name}": value for name, value in plain.items()},
        "version": who.version,
        **changes,
    }


def test_a_change_of_a_person_is_saved(browser: Browser, person: Any) -> None:
    client, who = browser(), person(categories=["VET"])
    answer = client.post(
        reverse("desk-person", args=[who.pk]),
        person_form(client, who, phones="050 765 43 21", categories=["VET", "WDIS"]),
    )
    assert answer.status_code == 302
    who.refresh_from_db()
    assert who.categories == ["VET", "WDIS"]
    assert [phone.number for phone in who.phones.all()] == ["+994507654321"]


def test_changes_of_different_fields_meet_without_asking(browser: Browser, person: Any) -> None:
    client, who = browser(), person()
    form = person_form(client, who, address="Nizami küçəsi 1")
    browser("operator2").post(
        reverse("desk-person", args=[who.pk]),
        person_form(browser("operator2"), who, safety_note="Sakit danışın"),
    )
    client.post(reverse("desk-person", args=[who.pk]), form)
    who.refresh_from_db()
    assert (who.address, who.safety_note) == ("Nizami küçəsi 1", "Sakit danışın")


@pytest.mark.parametrize(
    ("choice", "kept"),
    [("mine", "Mənim ünvanım"), ("theirs", "Onun ünvanı"), ("both", "Onun ünvanı; Mənim ünvanım")],
)
def test_the_same_field_is_asked_about(browser: Browser, person: Any, choice: str, kept: str) -> None:
    client, other, who = browser(), browser("operator2"), person()
    address = reverse("desk-person", args=[who.pk])
    form = person_form(client, who, address="Mənim ünvanım", safety_note="Mənim qeydim")
    other.post(address, person_form(other, who, address="Onun ünvanı"))
    page = client.post(address, form)
    said = text_of(page)
    assert page.status_code == 409
    assert "Onun ünvanı" in said
    assert "Mənim ünvanım" in said
    who.refresh_from_db()
    assert who.address == "Onun ünvanı", "nobody wins silently"
    carried: dict[str, list[str]] = {}
    for name, value in page.context["hidden"]:
        carried.setdefault(name, []).append(value)
    settled = client.post(address, {**carried, "version": page.context["version"], "choice_address": choice})
    assert settled.status_code == 302, text_of(settled)
    who.refresh_from_db()
    assert (who.address, who.safety_note) == (kept, "Mənim qeydim")


def test_a_clinician_reads_a_person_and_changes_nothing(browser: Browser, person: Any) -> None:
    client, who = browser("clinician"), person()
    address = reverse("desk-person", args=[who.pk])
    assert who.full_name in text_of(client.get(address))
    assert client.post(address, {**PERSON, "version": 1}).status_code == 403
    assert browser("tabib").get(address).status_code == 403
    assert browser().get(reverse("desk-person", args=[uuid4()])).status_code == 404


def test_a_sign_of_danger_is_told_before_anybody_is_named(browser: Browser, people_at_work: Any) -> None:
    """Who does not say his name is the likeliest to need it."""
    contact = intake.start_contact(operator_id=people_at_work.operator.pk)
    body = {"contact": str(contact.pk), "text": "Yaşamaq istəmirəm daha."}

    part = browser("operator").post(reverse("desk-topics"), body, headers={"HX-Request": "true"})

    assert "The note has a sign of distress." in text_of(part)
    assert 'name="choose"' not in part.content.decode()


def test_the_subject_of_the_danger_comes_first(browser: Browser, people_at_work: Any, person: Any) -> None:
    contact = intake.start_contact(operator_id=people_at_work.operator.pk, caller=person())
    body = {"contact": str(contact.pk), "text": "Yaşamaq istəmirəm, ağrılarım var."}

    part = browser("operator").post(reverse("desk-topics"), body, headers={"HX-Request": "true"})

    assert part.context["suggested"][0].code == "PSY-CRISIS"
    assert len(part.context["suggested"]) <= 3
