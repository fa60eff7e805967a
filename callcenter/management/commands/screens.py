"""``manage screens``: photograph the pages of the demonstration, wide and phone, in Azerbaijani."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from agencies.lifecycle import ReferralState
from agencies.models import Referral
from callcenter.accounts import ensure_demo_accounts
from intake.lifecycle import ApplicationState
from intake.models import Application, Contact

WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@dataclass(frozen=True)
class Shot:
    name: str
    user: str
    path: str


class Command(BaseCommand):
    help = "Takes pictures of desk, queue, board, application and triage into docs/screens (needs Chromium)."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--to", type=Path, default=settings.BASE_DIR / "docs" / "screens")

    def handle(self, *args: Any, to: Path, **options: Any) -> None:
        chromium = os.environ.get("DAYAQ_CHROMIUM") or "/usr/bin/chromium"
        if not Path(chromium).exists():
            raise CommandError("No Chromium here. Install it, or name it in DAYAQ_CHROMIUM.")
        to.mkdir(parents=True, exist_ok=True)
        password = ensure_demo_accounts()
        with serving() as address:
            for name in photograph(chromium, address, password, list(shots()), to):
                self.stdout.write(name)


def shots() -> Iterator[Shot]:
    """The pages worth a picture, on records the demonstration has."""
    call = Contact.objects.filter(applications__state=ApplicationState.ROUTED).order_by("-started_at").first()
    worked = (
        Referral.objects.filter(state=ReferralState.IN_PROGRESS, agency="TABIB", application__policy="all")
        .order_by("due_at")
        .first()
    )
    held = Referral.objects.filter(state=ReferralState.ON_HOLD, agency__scope="in_system").first()
    shared = Application.objects.filter(state=ApplicationState.ROUTED, referrals__is_lead=False).first()
    yield Shot("sign-in", "", "/sign-in/")
    yield Shot("desk", "operator", f"/desk/?contact={call.pk}" if call else "/desk/")
    yield Shot("queue", "tabib", f"/queue/TABIB/?item={worked.pk}" if worked else "/queue/TABIB/")
    yield Shot("queue-list", "tabib", "/queue/TABIB/")
    yield Shot("board", "supervisor", "/board/")
    if shared:
        yield Shot("application", "supervisor", f"/applications/{shared.pk}/")
    if held:
        yield Shot("referral-on-hold", held.agency_id.lower(), f"/referrals/{held.pk}/")
    yield Shot("time", "supervisor", "/board/time/")
    yield Shot("calendar", "admin", "/calendar/")
    yield Shot("triage", "operator2", "/triage/")
    yield Shot("confirmations", "operator", "/confirmations/")


def photograph(chromium: str, address: str, password: str, wanted: list[Shot], to: Path) -> Iterator[str]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for size, viewport in (("", WIDE), ("-390", PHONE)):
            for shot in wanted:
                context = browser.new_context(viewport=viewport, locale="az-AZ", timezone_id="Asia/Baku")  # type: ignore[arg-type]
                page = context.new_page()
                if shot.user:
                    page.goto(f"{address}/sign-in/")
                    page.fill("input[name=username]", shot.user)
                    page.fill("input[name=password]", password)
                    page.click("main form button")
                    page.wait_for_load_state()
                page.goto(f"{address}{shot.path}")
                page.wait_for_timeout(700)
                page.screenshot(path=to / f"{shot.name}{size}.png", full_page=bool(size))
                context.close()
                yield f"{shot.name}{size}.png"
        browser.close()


@contextmanager
def serving() -> Iterator[str]:
    """The product on a free port, for as long as the pictures take."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "callcenter.serve", "--port", str(port)]
    server = subprocess.Popen(command, cwd=settings.BASE_DIR)  # noqa: S603
    try:
        for _attempt in range(150):
            try:
                urllib.request.urlopen(f"{address}/readyz", timeout=1)  # noqa: S310 our own address
                break
            except OSError:
                time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait(10)
