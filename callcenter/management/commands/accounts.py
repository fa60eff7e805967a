"""``manage accounts --demo``: the demo accounts and their password."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from callcenter.accounts import ensure_demo_accounts, table


class Command(BaseCommand):
    help = "Makes the demo accounts, or puts them right, and prints them. Real users are added in the admin."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            password = ensure_demo_accounts()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        self.stdout.write(table(password))
