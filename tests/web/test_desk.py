"""The desk: find or add the person, log the call, see where it goes, register."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from intake.models import Application, Contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(people_at_work: Any) -> Any:
    def sign_in(name: str = "operator") -> Client:
        client = Client()
        client.force_login(getattr(people_at_work, name))
        return client

    return sign_in


def test_smoke(browser: Any, person: Any, people_at_work: Any) -> None:
    client = browser()
    who = person(family_name="Həsənli", given_name="Orxan", fin="5ABC123")
    assert client.get("/desk/").status_code == 200
    page = client.post("/desk/search/", {"q": "hesenli"}, headers={"HX-Request": "true"})
    assert page.status_code == 200, page.content
    assert "Həsənli Orxan" in page.content.decode()
    page = client.post("/desk/", {"person": who.pk, "key": "k"})
    contact = Contact.objects.get()
    page = client.get(page.url)
    assert page.status_code == 200
    form = {"contact": contact.pk, "key": "a", "text": "Protez sınıb, gilz sıxır", "choose": "PRO-REPAIR"}
    page = client.post("/desk/preview/", form, headers={"HX-Request": "true"})
    assert page.status_code == 200
    page = client.post("/desk/register/", {**form, "subtopic": "PRO-REPAIR"})
    assert page.status_code == 302, page.content.decode()
    page = client.get(page.url)
    assert page.status_code == 200
    assert Application.objects.get().number in page.content.decode()
    assert client.get(f"/desk/people/{who.pk}/").status_code == 200
    assert client.get("/desk/people/new/").status_code == 200
    assert client.get("/desk/topics/?q=protez").status_code == 200
    assert client.get("/triage/").status_code == 200
    assert client.get("/confirmations/").status_code == 200
