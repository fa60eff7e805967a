"""Does the stream add up? What a topic showed, and what it told since, is what it shows now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from agencies.models import Agency, Unit
from callcenter.live import stream, topics
from callcenter.live.topics import Topic
from events import clock, journal
from events.relay import parameters
from intake.models import Application
from tests.live.frames import unframed
from workflows import actions, firing

pytestmark = pytest.mark.django_db(transaction=True)


class Follower:
    """Keeps (id, version) of one topic as a client does: a snapshot, then nothing but events."""

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        view = stream.snapshot(topic)
        self.cursor = stream.cursor(view.epoch, view.position)
        self.rows = {row["id"]: row["version"] for row in view.rows}
        self.heard = 0

    def catch_up(self) -> None:
        missed = stream.missed(self.topic, self.cursor)
        assert missed is not None
        self.cursor = stream.cursor(missed.epoch, missed.position)
        for frame in missed.frames:
            self.hear(unframed(frame))

    def hear(self, event: dict[str, Any]) -> None:
        self.heard += 1
        if "listed" not in event or self.rows.get(event["id"], 0) > event["version"]:
            return
        if event["listed"]:
            self.rows[event["id"]] = event["version"]
        else:
            self.rows.pop(event["id"], None)

    def is_exact(self) -> bool:
        view = stream.settled(self.topic)
        assert view is not None
        told = view.told("checksum", self.topic, whole=False)
        mine = [{"id": key, "version": version} for key, version in self.rows.items()]
        return told["rows"] == len(mine) and told["digest"] == stream.digest(mine)


@pytest.fixture
def followers(people_at_work: Any, caught_up: Callable[[], int]) -> Callable[[], list[Follower]]:
    """Everything there is to follow, from the beginning; called again, it checks that all are exact."""
    operator = people_at_work.operator
    names = [*(f"queue:{unit}" for unit in Unit.objects.values_list("code", flat=True)), "board"]
    names += [f"board:{agency}" for agency in Agency.objects.values_list("code", flat=True)]
    all_of_them = [Follower(topics.parse(name)) for name in names]
    all_of_them.append(Follower(topics.allowed(operator, f"desk:{operator.username}")))

    def check() -> list[Follower]:
        while caught_up():
            pass
        known = {it.topic.name for it in all_of_them if it.topic.kind == "application"}
        new = Application.objects.exclude(pk__in=known).values_list("pk", flat=True)
        all_of_them.extend(Follower(topics.parse(f"application:{pk}")) for pk in new)
        for follower in all_of_them:
            follower.catch_up()
            assert follower.is_exact(), str(follower.topic)
        return all_of_them

    return check


def test_every_command_tells_every_topic_exactly_what_changed(
    followers: Any, people_at_work: Any, register: Any, reference: None
) -> None:
    operator, supervisor = people_at_work.operator, people_at_work.supervisor
    samhi = people_at_work.samhi
    first = register("INS-STATUS")
    followers()
    referral = first.referrals.get()
    for verb, more in (
        ("claim", {}),
        ("release", {}),
        ("accept", {}),
        ("start", {}),
        ("hold", {"reason": "waiting_citizen"}),
        ("resume", {}),
        ("complete", {"outcome": "provided", "text": "Kart yenidən verildi."}),
    ):
        getattr(actions, verb)(actor=samhi, referral=referral.pk, **more)
        followers()
    actions.dispute(actor=operator, application=first.pk, referral=referral.pk, text="Kart gəlməyib.")
    followers()
    again = first.referrals.exclude(pk=referral.pk).get()
    actions.complete(actor=samhi, referral=again.pk, outcome="provided", text="İndi verildi.")
    followers()
    actions.confirm(actor=operator, application=first.pk, text="Bəli, aldım.")
    followers()
    actions.reopen(actor=supervisor, application=first.pk, text="Kart işləmir.")
    followers()

    joint = register("MED-EXAM")
    followers()
    returned = joint.referrals.order_by("-is_lead").first()
    worker = getattr(people_at_work, returned.agency_id.lower())
    actions.reject(actor=worker, referral=returned.pk, reason="not_ours", text="Bizim deyil.")
    followers()
    crisis = register("PSY-CRISIS")
    followers()
    firing.turn(clock.now() + timedelta(minutes=30))
    followers()
    withdrawn = register("PRO-NEW", actor=people_at_work.operator2)
    actions.withdraw(actor=operator, application=withdrawn.pk, text="Daha lazım deyil.")
    everybody = followers()

    heard = {str(it.topic): it.heard for it in everybody}
    assert heard["queue:SAMHI"] > 8
    assert heard["board:SAMHI"] > 8
    assert heard[f"application:{crisis.pk}"] > 0
    own = next(it for it in everybody if it.topic.kind == "desk")
    assert str(withdrawn.pk) not in own.rows
    assert str(joint.pk) in own.rows


def test_who_missed_too_much_or_comes_from_another_history_starts_over(
    register: Any, caught_up: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    board = topics.parse("board")
    register("INS-STATUS")
    caught_up()
    head = journal.head()
    here = stream.cursor(head.epoch, head.position)
    register("INS-STATUS")
    caught_up()
    beyond = journal.head().position + 1

    assert stream.missed(board, here) is not None
    assert stream.missed(board, stream.cursor(head.epoch, beyond)) is None
    assert stream.missed(board, stream.cursor("0" * 36, head.position)) is None
    for nonsense in (None, 7, "", ".", f"{head.epoch}.-1", f"{head.epoch}.٣", f"{head.epoch}.{'9' * 30}"):
        assert stream.missed(board, nonsense) is None
    monkeypatch.setattr(stream, "REPLAY_LIMIT", 1)
    assert stream.missed(board, here) is None


@contextmanager
def nobody_stamps() -> Iterator[None]:
    """Holds the head's row, for which every relay waits: that of another test's server too."""
    with psycopg.connect(**parameters()) as holder:
        holder.execute("SELECT head FROM events_stream FOR UPDATE")
        yield


def test_no_checksum_is_told_of_a_topic_that_is_ahead_of_the_journal(
    register: Any, caught_up: Callable[[], int]
) -> None:
    queue = topics.parse("queue:SAMHI")
    with nobody_stamps():
        register("INS-STATUS")

        assert stream.settled(queue) is None
        assert stream.settled(topics.parse("queue:YASHAT")) is not None
    caught_up()
    assert stream.settled(queue) is not None
