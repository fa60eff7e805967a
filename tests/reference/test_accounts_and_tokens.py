"""Demo accounts where nothing is real, and tokens for machines."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection

from access.models import Token, User
from access.roles import Role
from agencies.models import Membership
from callcenter.accounts import ACCOUNTS, ensure_demo_accounts

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reference")]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAYAQ_HOME", str(tmp_path))
    monkeypatch.delenv("DAYAQ_DEMO_PASSWORD", raising=False)
    return tmp_path


def test_the_accounts_of_the_contract_with_role_unit_and_password() -> None:
    password = ensure_demo_accounts()
    users = User.objects.in_bulk([account.username for account in ACCOUNTS], field_name="username")
    assert len(users) == 15
    roles = {name: users[name].role for name in ("operator", "operator2", "supervisor", "clinician", "admin")}
    assert list(roles.values()) == ["operator", "operator", "supervisor", "clinician", "administrator"]
    for agency in ("moh", "mlspp", "samhi", "tabib", "yashat"):
        assert users[agency].role == Role.AGENCY_WORKER
        assert users[f"{agency}-admin"].role == Role.AGENCY_ADMIN
        for name in (agency, f"{agency}-admin"):
            assert [m.unit_id for m in users[name].memberships.all()] == [agency.upper()]
    assert all(user.check_password(password) for user in users.values())
    assert [name for name, user in users.items() if user.is_staff] == ["admin"]


def test_a_second_run_writes_nothing_and_gives_the_same_password() -> None:
    first = ensure_demo_accounts()
    before = list(User.objects.order_by("pk").values()), list(Membership.objects.order_by("pk").values())

    def refuse_writing(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        assert not sql.startswith(("INSERT", "UPDATE", "DELETE")), sql
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse_writing):
        assert ensure_demo_accounts() == first
    assert (
        list(User.objects.order_by("pk").values()),
        list(Membership.objects.order_by("pk").values()),
    ) == before


def test_what_somebody_changed_is_put_right() -> None:
    password = ensure_demo_accounts()
    user = User.objects.get(username="tabib")
    user.is_active = False
    user.set_password("something else entirely")
    user.save()
    assert ensure_demo_accounts() == password
    user.refresh_from_db()
    assert user.is_active
    assert user.check_password(password)


def test_the_password_lies_in_the_home_for_its_owner_alone(home: Path) -> None:
    password = ensure_demo_accounts()
    file = home / "demo-password"
    assert file.read_text("utf-8").strip() == password
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(password) >= 16


def test_a_password_from_outside_wins_and_is_not_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAYAQ_DEMO_PASSWORD", "given-from-outside")
    assert ensure_demo_accounts() == "given-from-outside"
    assert not (home / "demo-password").exists()


@pytest.mark.parametrize("mode", ["local", "production"])
def test_where_people_work_there_are_no_demo_accounts(mode: str, settings: Any) -> None:
    settings.MODE = mode
    with pytest.raises(ImproperlyConfigured):
        ensure_demo_accounts()
    with pytest.raises(CommandError, match="only in demo and test mode"):
        call_command("accounts", "--demo")
    assert not User.objects.filter(username="operator").exists()


def test_the_command_prints_every_account_and_the_password(capsys: Any, home: Path) -> None:
    call_command("accounts", "--demo")
    out = capsys.readouterr().out
    assert all(f"  {account.username} " in out for account in ACCOUNTS)
    assert out.endswith(f"Password of all: {(home / 'demo-password').read_text('utf-8')}")


def test_a_token_is_printed_alone_and_works(capsys: Any) -> None:
    ensure_demo_accounts()
    call_command("token", "operator")
    out, err = capsys.readouterr()
    assert out.count("\n") == 1
    assert err == ""
    token = Token.objects.get(digest=Token.hash(out.strip()))
    assert token.user.username == "operator"
    assert token.revoked_at is None


def test_tokens_are_revoked_together(capsys: Any) -> None:
    ensure_demo_accounts()
    for _ in range(2):
        call_command("token", "operator")
    call_command("token", "operator2")
    capsys.readouterr()
    call_command("token", "operator", "--revoke")
    assert capsys.readouterr().out == ""
    assert list(Token.objects.filter(revoked_at=None).values_list("user__username", flat=True)) == [
        "operator2"
    ]


def test_nobody_and_the_disabled_get_no_token(capsys: Any) -> None:
    ensure_demo_accounts()
    User.objects.filter(username="tabib").update(is_active=False)
    for name, said in (("nobody", "There is no user 'nobody'"), ("tabib", "is disabled")):
        with pytest.raises(CommandError, match=said) as failure:
            call_command("token", name)
        assert failure.value.returncode == 1
    assert capsys.readouterr().out == ""
    assert not Token.objects.exists()
