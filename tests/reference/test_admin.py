"""The administrator's site: who may enter, what is there, what cannot be done there."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from access.models import User
from access.roles import Role
from agencies.models import Agency, Membership, Unit
from callcenter.admin import site
from callcenter.reference import load
from intake.models import Document, Subtopic
from routing.models import RuleSet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reference")]

MODELS = sorted(site._registry, key=lambda model: model.__name__)


@pytest.fixture
def admin(people_at_work: Any, client: Any) -> Any:
    client.force_login(people_at_work.admin, backend="django.contrib.auth.backends.ModelBackend")
    return client


def address(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def fields(response: Any) -> dict[str, Any]:
    """What a browser would send back from the page: every field with its present value."""
    adminform = response.context["adminform"]
    forms = [
        adminform.form,
        *(form for each in response.context["inline_admin_formsets"] for form in each.formset),
    ]
    forms += [each.formset.management_form for each in response.context["inline_admin_formsets"]]
    sent = {bound.html_name: bound.value() for form in forms for bound in form}
    return {name: sending(value) for name, value in sent.items() if value is not None and value is not False}


def sending(value: Any) -> Any:
    return ",".join(value) if isinstance(value, list) else value


def test_only_reference_data_and_users_are_there() -> None:
    assert [model.__name__ for model in MODELS] == [
        "Agency", "Category", "Disposition", "District", "Document", "Reason", "Region",
        "RuleSet", "Subtopic", "Topic", "Unit", "User",
    ]  # fmt: skip


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("staff", [False, True])
def test_the_role_alone_opens_the_site(role: Role, staff: bool, client: Any) -> None:
    user = User.objects.create(username="somebody", role=role, is_staff=staff, is_superuser=staff)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    pages = [reverse("admin:index"), *(address(model, "changelist") for model in MODELS)]
    answers = {client.get(page).status_code for page in pages}
    assert answers == ({200} if role is Role.ADMINISTRATOR else {302})
    if role is not Role.ADMINISTRATOR:
        assert client.get(reverse("admin:index"), follow=True).status_code == 403
        document = Document.objects.get(pk="EPI")
        client.post(address(Document, "change", "EPI"), {"az": "Başqa", "active": "on"})
        assert Document.objects.get(pk="EPI").az == document.az


def test_who_is_not_signed_in_is_sent_to_the_one_door(client: Any) -> None:
    last = client.get(reverse("admin:index"), follow=True).redirect_chain[-1][0]
    assert last.startswith(reverse("login"))


def test_every_page_of_every_model_opens_and_none_deletes(admin: Any) -> None:
    for model in MODELS:
        row: Any = model._default_manager.first()
        assert admin.get(address(model, "changelist")).status_code == 200
        assert admin.get(address(model, "change", row.pk)).status_code == 200
        assert admin.get(address(model, "history", row.pk)).status_code == 200
        assert admin.get(address(model, "add")).status_code == (403 if model is RuleSet else 200)
        assert admin.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
        chosen = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        admin.post(address(model, "changelist"), chosen)
        assert model._default_manager.filter(pk=row.pk).exists()


def test_an_edited_row_is_the_administrators_and_outlives_the_next_load(admin: Any) -> None:
    page = address(Document, "change", "EPI")
    sent = fields(admin.get(page))
    assert "code" not in sent
    admin.post(page, sent)
    assert Document.objects.get(pk="EPI").mark == "D", "saving without a change changes nothing"
    admin.post(page, {**sent, "az": "Xəstəlik tarixindən çıxarış"})
    load()
    row = Document.objects.get(pk="EPI")
    assert (row.az, row.mark) == ("Xəstəlik tarixindən çıxarış", "A (D)")


def test_a_bad_code_is_refused(admin: Any) -> None:
    response = admin.post(address(Document, "add"), {"code": "yeni sənəd", "az": "Yeni sənəd"})
    assert response.status_code == 200
    assert "code" in response.context["adminform"].form.errors


def test_a_new_agency_has_a_front_desk_and_a_unit_its_way(admin: Any) -> None:
    shared = {"az": "Sınaq qurumu", "en": "Trial body", "active": "on"}
    admin.post(address(Agency, "add"), {**shared, "code": "TRIAL", "scope": "external", "abbr": "SQ"})
    assert Unit.objects.get(pk="TRIAL").path == ["TRIAL"]
    unit = {**shared, "code": "TRIAL.SUB", "agency": "TRIAL"}
    assert admin.post(address(Unit, "add"), unit).status_code == 200, "a unit stands below another"
    assert admin.post(address(Unit, "add"), {**unit, "parent": "TABIB"}).status_code == 200
    assert admin.post(address(Unit, "add"), {**unit, "parent": "TRIAL"}).status_code == 302
    assert Unit.objects.get(pk="TRIAL.SUB").path == ["TRIAL", "TRIAL.SUB"]
    load()
    assert Unit.objects.get(pk="TRIAL.SUB").active


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lead", "NOBODY"),
        ("joint", "TABIB,NOBODY"),
        ("documents", "ID,XX"),
        ("resolve", "a week"),
        ("first", "8"),
    ],
)
def test_a_subtopic_names_what_exists(admin: Any, field: str, value: str) -> None:
    page = address(Subtopic, "change", "PRO-NEW")
    response = admin.post(page, {**fields(admin.get(page)), field: value})
    assert list(response.context["adminform"].form.errors) == [field]
    assert Subtopic.objects.get(pk="PRO-NEW").mark == "D"


def test_a_subtopic_can_be_changed(admin: Any) -> None:
    page = address(Subtopic, "change", "PRO-NEW")
    assert admin.post(page, {**fields(admin.get(page)), "resolve": "20 wd"}).status_code == 302
    assert Subtopic.objects.get(pk="PRO-NEW").resolve == "20 wd"


def test_rule_sets_are_read_only(admin: Any) -> None:
    before = RuleSet.objects.values().get()
    page = admin.get(address(RuleSet, "change", 1))
    assert "R-PRO-NEW" in page.content.decode()
    assert admin.post(address(RuleSet, "change", 1), {"status": "draft"}).status_code == 403
    assert RuleSet.objects.values().get() == before


def test_a_user_is_added_gets_units_and_is_disabled(admin: Any) -> None:
    new = {
        "username": "tabib-yeni", "usable_password": "true", "role": "agency_worker", "first_name": "TƏBİB",
        "password1": "an-uncommon-phrase-2026", "password2": "an-uncommon-phrase-2026",
    }  # fmt: skip
    admin.post(address(User, "add"), new)
    user = User.objects.get(username="tabib-yeni")
    assert not user.is_staff
    assert not user.is_superuser
    page = address(User, "change", user.pk)
    sent = {**fields(admin.get(page)), "memberships-TOTAL_FORMS": "1", "memberships-0-unit": "TABIB.AMB"}
    assert admin.post(page, sent).status_code == 302
    assert list(Membership.objects.filter(user=user).values_list("unit", flat=True)) == ["TABIB.AMB"]
    sent = fields(admin.get(page))
    sent.pop("is_active")
    admin.post(page, {**sent, "memberships-0-DELETE": "on"})
    user.refresh_from_db()
    assert not user.is_active
    assert not user.memberships.exists()


def test_an_administrator_cannot_lock_out_oneself(admin: Any, people_at_work: Any) -> None:
    page = address(User, "change", people_at_work.admin.pk)
    sent = fields(admin.get(page))
    assert admin.post(page, {**sent, "role": "operator"}).status_code == 200
    sent.pop("is_active")
    assert admin.post(page, sent).status_code == 200
    people_at_work.admin.refresh_from_db()
    assert people_at_work.admin.is_active
    assert people_at_work.admin.role == Role.ADMINISTRATOR


def test_the_site_sends_no_inline_script_or_style(admin: Any) -> None:
    for page in (
        reverse("admin:index"),
        address(User, "add"),
        address(Unit, "change", "MOH"),
    ):
        html = admin.get(page).content.decode()
        assert "<style" not in html
        assert " style=" not in html
        assert "onclick=" not in html
        assert html.count("<script") == html.count("<script src=") + html.count(
            'type="application/json"'
        ) or ("<script>" not in html)
