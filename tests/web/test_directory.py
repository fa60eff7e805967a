"""The directory's pages: everybody reads, a supervisor keeps it, an agency's administrator reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.test import Client

from agencies.models import Service
from callcenter import directory
from events import clock
from intake.models import Subtopic

from .reading import statements, text_of

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]
Add = Callable[..., Service]

NOON = datetime(2026, 6, 22, 12, tzinfo=ZoneInfo("Asia/Baku"))
GHOST = "/directory/019f0000-0000-7000-8000-000000000000/"


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with clock.at(NOON):
        yield


@pytest.fixture
def add(people_at_work: Any) -> Add:
    def make(unit: str = "MOH.CAR", **said: Any) -> Service:
        said = {"subtopics": ["MED-INST"], **said}
        return directory.add(actor=people_at_work.supervisor, unit=unit, **said)

    return make


def of(unit: str) -> Service:
    return Service.objects.get(unit=unit)


def place(service: Service, verb: str = "") -> str:
    return f"/directory/{service.pk}/{verb}/" if verb else f"/directory/{service.pk}/"


def filled(page: Any, **typed: Any) -> dict[str, Any]:
    """What the form of this page sends, hidden values included, with something else typed."""
    form = page.context["form"]
    sent: dict[str, Any] = {}
    for name in form.fields:
        value = form[name].value()
        sent |= {name: value, f"initial-{name}": value} if value not in (None, "") else {}
    service = page.context.get("service")
    return {**sent, **({"version": service.version} if service else {}), **typed}


# --- who ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "reports_own", "reports_others", "edits"),
    [
        ("operator", 403, 403, 403),
        ("clinician", 403, 403, 403),
        ("tabib", 403, 403, 403),
        ("tabib_admin", 200, 403, 403),
        ("tabib_machine", 200, 403, 403),
        ("supervisor", 200, 200, 200),
        ("admin", 200, 200, 200),
    ],
)
def test_everybody_reads_and_few_write(
    browser: Browser, name: str, reports_own: int, reports_others: int, edits: int
) -> None:
    client, own, other = browser(name), of("TABIB.AMB"), of("YASHAT")
    assert client.get("/directory/").status_code == 200
    assert client.get(place(other)).status_code == 200
    assert client.get(place(own, "report")).status_code == reports_own
    assert client.get(place(other, "report")).status_code == reports_others
    assert client.get(place(own, "edit")).status_code == edits
    assert client.get("/directory/new/").status_code == edits
    wanted = {200: 302, 403: 403}
    assert client.post(place(other, "confirm")).status_code == wanted[reports_others]
    assert client.post(place(own, "confirm")).status_code == wanted[reports_own]
    assert client.post(place(own, "close")).status_code == wanted[edits]
    assert of("TABIB.AMB").active == (edits == 403)


@pytest.mark.parametrize("name", ["supervisor", "tabib_admin"])
def test_what_is_not_offered_is_not_there(browser: Browser, people_at_work: Any, name: str) -> None:
    ended = of("TABIB.AMB")
    directory.close(actor=people_at_work.supervisor, service=ended.pk, version=1)
    client = browser(name)
    for verb in ("", "report"):
        assert client.get(place(ended, verb)).status_code == 404
        assert client.get(GHOST + (f"{verb}/" if verb else "")).status_code == 404
    assert client.post(place(ended, "confirm")).status_code == 404
    if name == "supervisor":
        assert client.get(place(ended, "edit")).status_code == 404
        assert client.post(place(ended, "close")).status_code == 404


@pytest.mark.parametrize(("name", "verbs"), [("operator", 0), ("tabib_admin", 2), ("supervisor", 4)])
def test_a_page_shows_only_the_verbs_one_has(browser: Browser, name: str, verbs: int) -> None:
    said = text_of(browser(name).get(place(of("TABIB.AMB"))))
    offered = ["Confirm that this is true", "Report the room", "Change", "End this service"]
    assert [verb for verb in offered if verb in said] == offered[:verbs]


# --- reading --------------------------------------------------------------------------------------------


def test_the_list_says_who_does_what_where_and_when(browser: Browser, add: Add) -> None:
    add(districts=["BA", "SM", "XIZ"], capacity=20, alert="Göndəriş lazımdır.")
    said = text_of(browser("supervisor").get("/directory/"))
    assert (
        "Abdullayev Research Institute of Cardiology "
        "Monday – Friday: 09:00–13:00, 14:00–18:00 Göndəriş lazımdır."
    ) in said
    assert "Specialised care in a MoH institute" in said
    assert "Absheron-Khizi: Khizi, Sumgayit Baku (all)" in said
    assert "0 / 20 Takes referrals" in said
    assert "22 June" in said
    assert "all day and all night, every day of the year" in said
    assert "The whole country 0 / no limit Takes referrals" in said


def test_agencies_see_the_load_of_their_own_units_only(
    browser: Browser, register: Any, people_at_work: Any
) -> None:
    register("PRO-REPAIR")  # DTSERA leads, YAŞAT joins

    def room(name: str, unit: str) -> str:
        said = text_of(browser(name).get(place(of(unit))))
        return said.partition("Open / capacity ")[2].partition(" Working")[0]

    assert room("operator", "MLSPP.DTSERA") == room("mlspp_admin", "MLSPP.DTSERA") == "1 / no limit"
    assert room("yashat", "MLSPP.DTSERA") == room("admin", "MLSPP.DTSERA") == "– / no limit"


@pytest.mark.parametrize(
    ("query", "units"),
    [
        ("agency=YASHAT", ["YASHAT"]),
        ("status=full", ["TABIB.AMB"]),
        ("subject=PRO-REPAIR", ["MLSPP.DTSERA", "YASHAT"]),
        ("subject=MED-INST&agency=MOH", ["MOH", "MOH.CAR"]),
        ("subject=MED-INST&agency=MOH&district=TAR", ["MOH"]),
        ("agency=MOH&subject=MED-INST&stale=1", ["MOH"]),
        ("agency=POL&status=full", []),
        ("agency=TABIB&status=ajar&district=XX&stale=x", ["TABIB", "TABIB.AMB"]),
        ("agency=TABIB&subject=%00&district=%F0", ["TABIB", "TABIB.AMB"]),
    ],
)
def test_filters_stand_in_the_address(
    browser: Browser, add: Add, people_at_work: Any, query: str, units: list[str]
) -> None:
    add(districts=["BA"])
    room: dict[str, Any] = {"status": "full", "capacity": 3, "alert": ""}
    directory.report(actor=people_at_work.tabib_admin, service=of("TABIB.AMB").pk, version=1, **room)

    page = browser().get(f"/directory/?{query}")
    assert [row.seen.unit for _agency, rows in page.context["groups"] for row in rows] == units
    assert ("No service fits these filters" in text_of(page)) == (not units)


def test_who_serves_a_subject_in_a_district_is_told_in_order(browser: Browser, add: Add) -> None:
    add("MOH.CAR", districts=["BA", "SM"])
    add("MOH.LUN", districts=["BA"], status="full")
    page = browser().get("/directory/?subject=MED-INST&district=BA")
    assert [row["unit"] for row in page.context["serving"]] == [
        "Research Institute of Lung Diseases",
        "Abdullayev Research Institute of Cardiology",
        "Ministry of Health",
        "State Agency on Mandatory Health Insurance",
        "Management Union of Medical Territorial Units",
    ]
    said = text_of(page)
    assert "Who serves this: Specialised care in a MoH institute, Baku" in said
    assert "No room catchment of 1 district" in said
    assert browser().get("/directory/?subject=MED-INST").context["serving"] is None


def test_where_nobody_serves_a_person_has_to_find_one(browser: Browser, add: Add) -> None:
    Service.objects.filter(subtopics__contains=["MED-INST"]).update(districts=["BA"])
    said = text_of(browser().get("/directory/?subject=MED-INST&district=TAR"))
    assert "Nobody serves this there" in said


def test_what_was_confirmed_long_ago_is_marked(browser: Browser, add: Add) -> None:
    made = add()
    with clock.at(NOON + timedelta(days=91)):
        assert "22 June long ago" in text_of(browser().get(place(made)))
    assert "long ago" not in text_of(browser().get(place(made)))


def test_the_list_costs_the_same_however_much_there_is(browser: Browser, register: Any, add: Add) -> None:
    client, counts = browser("supervisor"), []
    register("MED-INST")
    asked = ("/directory/", "/directory/?subject=MED-INST&district=BA", place(add()))
    subtopics = list(Subtopic.objects.values_list("pk", flat=True))
    for unit in ("MOH.LUN", "MOH.HEM", "MOH.OBG", "MOH.PED", "MOH.PRO", "ANAMA"):
        counts.append([statements(partial(client.get, there)) for there in asked])
        add(unit, subtopics=subtopics, districts=["BA", "SM", "TAR"], capacity=5)
        register("PRO-REPAIR")

    assert all(count == counts[0] for count in counts)
    assert counts[0] <= [16, 17, 15]


# --- keeping --------------------------------------------------------------------------------------------


def test_a_service_is_added_with_its_catchment(browser: Browser, people_at_work: Any) -> None:
    client = browser("supervisor")
    sent = filled(
        client.get("/directory/new/"),
        unit="MOH.GPX", subtopics=["PSY-INPAT"], districts=["GA", "GOR"], capacity="40", alert="Gecə də.",
    )  # fmt: skip
    page = client.post("/directory/new/", sent, follow=True)

    made = of("MOH.GPX")
    assert page.redirect_chain[-1][0] == place(made)
    assert (made.districts, made.capacity, made.alert) == (["GA", "GOR"], 40, "Gecə də.")
    assert (made.confirmed_on, made.confirmed_by) == (NOON.date(), people_at_work.supervisor)
    assert "The service is in the directory." in text_of(page)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"unit": ""}, "This field is needed."),
        ({"unit": "NOBODY"}, "Select a valid choice."),
        ({"subtopics": []}, "Choose at least one subject."),
        ({"subtopics": ["NO-SUCH"]}, "Select a valid choice."),
        ({"capacity": "many"}, "Write a whole number, or leave it empty."),
        ({"capacity": "0"}, "A whole number from 1 to 100000"),
        ({"alert": "ə" * 301}, "This is too long."),
        ({"unit": "MOH", "subtopics": ["MED-INST"]}, "SN already serves this there: Specialised care"),
    ],
    ids=lambda it: str(it)[:40],
)
def test_what_cannot_be_is_refused_beside_its_field_and_nothing_typed_is_lost(
    browser: Browser, typed: dict[str, Any], sentence: str
) -> None:
    whole: dict[str, Any] = {
        "unit": "MOH.GPX", "subtopics": ["PSY-INPAT"], "districts": ["GA"], "capacity": "40",
        "status": "full", "alert": "Gecə də açıqdır.",
    }  # fmt: skip
    before = Service.objects.count()
    page = browser("supervisor").post("/directory/new/", {**whole, **typed})

    assert page.status_code == 422
    assert sentence in text_of(page)
    form, sent = page.context["form"], {**whole, **typed}
    assert {name: form[name].value() for name in sent} == sent
    assert Service.objects.count() == before


def test_a_change_is_saved_and_vouched_for(browser: Browser, people_at_work: Any) -> None:
    client, service = browser("admin"), of("MOH.REH")
    sent = filled(client.get(place(service, "edit")), districts=["BA"], capacity="12")
    assert client.post(place(service, "edit"), sent).status_code == 302

    service.refresh_from_db()
    assert (service.districts, service.capacity, service.mark) == (["BA"], 12, "A (D)")
    assert (service.version, service.confirmed_by) == (2, people_at_work.admin)


def test_an_administrator_of_the_agency_reports_the_room(browser: Browser) -> None:
    client, service = browser("tabib_admin"), of("TABIB.AMB")
    sent = filled(client.get(place(service, "report")), status="full", capacity="7", alert="Maşın azdır.")
    page = client.post(place(service, "report"), sent, follow=True)

    said = text_of(page)
    assert "Saved." in said
    assert "No room" in said
    assert "Maşın azdır." in said
    assert "0 / 7" in said
    service.refresh_from_db()
    assert (service.confirmed_on, service.mark) == (None, "D")


def test_confirming_is_of_what_one_has_read(browser: Browser, people_at_work: Any) -> None:
    client, service = browser("tabib_admin"), of("TABIB.AMB")
    room: dict[str, Any] = {"status": "full", "capacity": 7, "alert": ""}
    directory.report(actor=people_at_work.supervisor, service=service.pk, version=1, **room)

    page = client.post(place(service, "confirm"), {"version": 1})
    assert page.status_code == 409
    said = text_of(page)
    assert "Somebody changed this record after you opened it" in said
    assert "0 / 7" in said, "the page as it is now"
    assert of("TABIB.AMB").confirmed_on is None
    page = client.post(place(service, "confirm"), {"version": 2}, follow=True)
    assert "Confirmed today." in text_of(page)
    assert of("TABIB.AMB").confirmed_on == NOON.date()


def test_an_ended_service_leaves_the_list(browser: Browser) -> None:
    client, service = browser("supervisor"), of("MOH.SKR")
    page = client.post(place(service, "close"), {"version": 1}, follow=True)
    assert page.redirect_chain[-1][0] == "/directory/"
    assert "The service is not offered any more." in text_of(page)
    assert "MOH.SKR" not in [row.seen.unit for _a, rows in page.context["groups"] for row in rows]


# --- two at once ----------------------------------------------------------------------------------------


def test_what_two_change_in_different_fields_is_kept_of_both(browser: Browser, people_at_work: Any) -> None:
    client, service = browser("supervisor"), of("TABIB")
    sent = filled(client.get(place(service, "edit")), districts=["BA"])
    room: dict[str, Any] = {"status": "full", "capacity": 7, "alert": ""}
    directory.report(actor=people_at_work.tabib_admin, service=service.pk, version=1, **room)

    page = client.post(place(service, "edit"), sent, follow=True)
    assert "Saved, together with what a colleague changed meanwhile." in text_of(page)
    service.refresh_from_db()
    assert (service.districts, service.status, service.capacity) == (["BA"], "full", 7)


@pytest.mark.parametrize(("choice", "kept"), [("mine", 9), ("theirs", 7)])
def test_the_same_field_of_two_shows_both_and_one_chooses(
    browser: Browser, people_at_work: Any, choice: str, kept: int
) -> None:
    client, service = browser("tabib_admin"), of("TABIB")
    sent = filled(client.get(place(service, "report")), capacity="9", status="full")
    room: dict[str, Any] = {"status": "open", "capacity": 7, "alert": "Yer azdır."}
    directory.report(actor=people_at_work.supervisor, service=service.pk, version=1, **room)

    page = client.post(place(service, "report"), sent)
    assert page.status_code == 409
    (clash,) = page.context["conflict"]
    assert (clash["name"], clash["theirs"], clash["mine"]) == ("capacity", "7", "9")
    again = QueryDict(mutable=True)
    for name, value in [*page.context["hidden"], ("version", "2"), ("choice_capacity", choice)]:
        again.appendlist(name, str(value))
    done = client.post(place(service, "report"), again.urlencode(), "application/x-www-form-urlencoded")
    assert done.status_code == 302
    service.refresh_from_db()
    assert (service.capacity, service.status, service.alert) == (kept, "full", "Yer azdır.")


def test_the_directory_stands_in_the_navigation(browser: Browser) -> None:
    for name in ("operator", "tabib", "clinician", "admin"):
        assert 'href="/directory/"' in browser(name).get("/directory/").content.decode()
