"""``manage demo``: invented applications, played through the real services over the past month."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections import Counter
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from agencies.models import Referral
from callcenter import accounts
from callcenter.demo import material, plan, play
from callcenter.demo.sampling import Sampler
from callcenter.demo.stream import stamp_all
from callcenter.demo.telling import Progress
from events import clock
from intake import training
from intake.models import Application
from intake.suggest.examples import TooFew
from sla import calendars


class Command(BaseCommand):
    help = (
        "Plays applications of invented citizens through the real services, over the month that ends now: "
        "calls, routing, work of the agencies, returns, disputes, confirmations. One seed always gives the "
        "same stories. Only in demo and test mode."
    )
    requires_system_checks: list[str] = []  # the launcher runs it at every start

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--applications", type=int, default=300, metavar="N")
        parser.add_argument("--seed", default="1")
        parser.add_argument(
            "--if-empty", action="store_true", help="play nothing when there are applications"
        )
        parser.add_argument(
            "--processes", type=int, default=1, metavar="N", help="faster, but numbers differ from run to run"
        )
        parser.add_argument("--profile", action="store_true", help="tell where the time goes (one process)")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.MODE not in ("demo", "test"):
            raise CommandError("Invented applications are played only in demo mode, never where people work.")
        if options["applications"] < 0 or options["processes"] < 1:
            raise CommandError("--applications and --processes count something.")
        if not Application.objects.exists() or not options["if_empty"]:
            call_command("load_reference", stdout=self.stderr)
        self._accounts()
        if options["if_empty"] and Application.objects.exists():
            return
        self._play(options)

    def _accounts(self) -> None:
        try:
            password = accounts.ensure_demo_accounts()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        self.stdout.write(accounts.table(password))

    def _play(self, options: dict[str, Any]) -> None:
        begin, before = time.monotonic(), Application.objects.count()
        # What is there already is part of the seed: playing twice must not invent the same people twice.
        seed = f"{options['seed']}:{before}"
        known = material.gather()
        made = plan.make(options["applications"], seed, clock.now(), known, calendars.calendar())
        with connection.cursor() as cursor:  # invented data need not survive a power cut
            cursor.execute("SET synchronous_commit TO off")
        shares = self._perform(made, known, options)
        stamp_all()
        self.stdout.write(summary(options["applications"], time.monotonic() - begin, made))
        if shares:
            self.stdout.write("time: " + ", ".join(f"{name} {share:.0%}" for name, share in shares.items()))
        self._learn()

    def _learn(self) -> None:
        """Suggestions learn from what was closed; of a handful of applications there is nothing to learn."""
        with suppress(TooFew):
            row, _new = training.train()
            self.stdout.write(training.summary(row))

    def _perform(
        self, made: plan.Plan, known: material.Material, options: dict[str, Any]
    ) -> dict[str, float]:
        tell = Progress(play.steps_of(made))
        if options["profile"]:
            with Sampler() as sampler:
                play.play(made, known, tell)
            return sampler.shares()
        if options["processes"] == 1 or settings.MODE == "test":
            play.play(made, known, tell)
            return {}
        try:
            play.play_together(made, known, tell, processes=options["processes"])
        except play.Failed:
            raise CommandError(
                "The play broke off; see above. What was played so far is in the database."
            ) from None
        return {}


def summary(count: int, seconds: float, made: plan.Plan) -> str:
    """One line: how many, how fast, and where they stand."""
    states = Counter(Application.objects.values_list("state", flat=True))
    open_now = Referral.objects.open().count()
    stand = ", ".join(f"{number} {state}" for state, number in states.most_common())
    return (
        f"Played {count} applications, {play.steps_of(made)} steps, in {seconds:.1f} s"
        f" ({count / max(seconds, 0.001):.1f} applications/s). Now {stand}; {open_now} referrals open."
    )
