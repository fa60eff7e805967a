"""``manage token USERNAME``: an API token, printed once and alone."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from access.models import Token, User
from events import clock


class Command(BaseCommand):
    help = (
        "Prints a new API token of a user and nothing else. Only its hash is kept: it cannot be shown again."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--revoke", action="store_true", help="revoke all tokens of the user instead")

    def handle(self, *args: Any, username: str, revoke: bool, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user {username!r}.")
        if revoke:
            count = Token.objects.filter(user=user, revoked_at=None).update(revoked_at=clock.now())
            self.stderr.write(f"Revoked tokens: {count}.")
        elif not user.is_active:
            raise CommandError(f"The user {username!r} is disabled and gets no token.")
        else:
            self.stdout.write(Token.issue(user))
