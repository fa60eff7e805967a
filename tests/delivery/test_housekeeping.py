"""What nobody needs any more goes after a month; what somebody has to decide about stays."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core import checks
from django.test import Client

from callcenter import housekeeping, jobs
from delivery import courier, services, signing
from delivery.models import Attempt, Delivery, Endpoint
from events import clock
from events.models import Command, Event

pytestmark = pytest.mark.django_db
MONTH = timedelta(days=31)


def test_what_has_arrived_goes_after_a_month_and_a_dead_letter_stays(
    endpoint: Callable[..., Endpoint], happen: Callable[..., list[Event]], people_at_work: Any
) -> None:
    to, gone = endpoint(), endpoint("/410")
    happen(3)
    with clock.at(clock.now() - MONTH):
        services.ping(actor=people_at_work.tabib_admin, endpoint=gone.pk)
        courier.deliver(to.pk)
        courier.deliver(gone.pk)
    happen(2)
    courier.deliver(to.pk)
    before = Attempt.objects.count()

    assert housekeeping.forget_deliveries() == 4, "three arrived, and the test that failed"
    assert Delivery.objects.filter(endpoint=to).count() == 2
    assert set(Delivery.objects.filter(endpoint=gone).values_list("state", flat=True)) <= {"dead"}
    assert Attempt.objects.count() == before - 4
    assert housekeeping.forget_deliveries() == 0


def test_keys_older_than_a_month_go_batch_by_batch(people_at_work: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 3)
    now = clock.now()
    for number, age in enumerate([MONTH] * 8 + [timedelta(days=1)] * 4):
        Command.objects.create(
            principal=people_at_work.operator, operation="x", key=str(number), fingerprint=b"", at=now - age
        )
    assert housekeeping.forget_keys() == 8
    assert list(Command.objects.order_by("id").values_list("key", flat=True)) == ["8", "9", "10", "11"]


def test_sessions_that_have_run_out_go(people_at_work: Any) -> None:
    for _twice in range(2):
        Client().force_login(people_at_work.operator)
    Session.objects.filter(pk=Session.objects.first().pk).update(expire_date=clock.now() - MONTH)
    housekeeping.forget_sessions()
    assert Session.objects.count() == 1


def test_what_the_reconciler_finds_is_said_by_name_and_number(
    register: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    from intake.models import Application

    application = register()
    with caplog.at_level(logging.WARNING, logger="callcenter.housekeeping"):
        assert housekeeping.audit() == 0
        assert caplog.messages == []
        Application.objects.filter(pk=application.pk).update(state="awaiting_confirmation")
        assert housekeeping.audit() > 0

    assert caplog.messages
    assert all(said.startswith("reconcile: ") and said.endswith(" findings") for said in caplog.messages)
    assert not any(str(application.pk) in said or application.number in said for said in caplog.messages)


def test_a_key_that_was_replaced_still_opens_what_it_sealed(settings: Any) -> None:
    sealed = signing.seal("whsec_x")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert signing.unseal(sealed) == "whsec_x"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(signing.InvalidToken):
        signing.unseal(sealed)


def test_every_regular_job_is_there_and_none_holds_a_lock_that_could_stop_the_rescuer() -> None:
    regular = {name: task for (name, _id), task in jobs.app.periodic_registry.periodic_tasks.items()}

    assert {"look", "rescue", "tidy", "audit"} <= set(regular)
    for task in (*(it.task for it in regular.values() if it.task.queue in jobs.HANDS), jobs.deliver):
        assert task.lock is None
    assert not checks.run_checks(tags=["database"])
    assert "callcenter.jobs" in settings.PROCRASTINATE_IMPORT_PATHS
