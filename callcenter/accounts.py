"""The demo accounts: one per kind of work, one password for all, only where nothing is real."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from access.models import User
from access.roles import Role
from agencies.models import Membership, Unit

PASSWORD_FILE = "demo-password"
# Letters and digits that are not mistaken for one another when read from a screen.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Account:
    """A demo account; the display name says the work, it is nobody's name."""

    username: str
    display: str
    role: Role
    unit: str = ""


AGENCIES = {
    "moh": ("MOH", "Səhiyyə Nazirliyi"),
    "mlspp": ("MLSPP", "ƏƏSMN"),
    "samhi": ("SAMHI", "İTSDA"),
    "tabib": ("TABIB", "TƏBİB"),
    "yashat": ("YASHAT", "YAŞAT"),
}
ACCOUNTS = (
    Account("operator", "Operator 1", Role.OPERATOR),
    Account("operator2", "Operator 2", Role.OPERATOR),
    Account("supervisor", "Növbə rəhbəri", Role.SUPERVISOR),
    Account("clinician", "Klinik mütəxəssis", Role.CLINICIAN),
    Account("admin", "İnzibatçı", Role.ADMINISTRATOR),
    *(
        Account(name, f"{label} əməkdaşı", Role.AGENCY_WORKER, unit)
        for name, (unit, label) in AGENCIES.items()
    ),
    *(
        Account(f"{name}-admin", f"{label} inzibatçısı", Role.AGENCY_ADMIN, unit)
        for name, (unit, label) in AGENCIES.items()
    ),
)


def ensure_demo_accounts() -> str:
    """Make the demo accounts, or put them right, and return their password. Refused where people work."""
    if settings.MODE not in ("demo", "test"):
        raise ImproperlyConfigured("Demo accounts exist only in demo and test mode.")
    missing = {account.unit for account in ACCOUNTS if account.unit} - set(
        Unit.objects.values_list("pk", flat=True)
    )
    if missing:
        raise ImproperlyConfigured(
            f"Units are missing: {', '.join(sorted(missing))}. First: manage load_reference"
        )
    password = demo_password()
    with transaction.atomic():
        users = _ensure_users(password)
        for account in ACCOUNTS:
            if account.unit:
                Membership.objects.get_or_create(user=users[account.username], unit_id=account.unit)
    return password


def _ensure_users(password: str) -> dict[str, User]:
    """The users by name; one that is as it should be is not written, so its history stays quiet."""
    users = {user.username: user for user in User.objects.filter(username__in=[a.username for a in ACCOUNTS])}
    secret = _encoded(users, password)
    for account in ACCOUNTS:
        user = users.setdefault(account.username, User(username=account.username))
        wanted = {
            "first_name": account.display,
            "role": account.role.value,
            "is_staff": account.role is Role.ADMINISTRATOR,
            "is_active": True,
            "password": secret,
        }
        if user.pk is None or any(getattr(user, name) != value for name, value in wanted.items()):
            for name, value in wanted.items():
                setattr(user, name, value)
            user.save()
    return users


def _encoded(users: dict[str, User], password: str) -> str:
    """The stored form of the password: the one in use where it still fits, as hashing is slow."""
    in_use = users[ACCOUNTS[0].username].password if ACCOUNTS[0].username in users else ""
    return in_use if in_use and check_password(password, in_use) else make_password(password)


def demo_password() -> str:
    """``DAYAQ_DEMO_PASSWORD``, else the one kept in the home, else a new one."""
    if given := os.environ.get("DAYAQ_DEMO_PASSWORD"):
        return given
    new = "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))
    home = os.environ.get("DAYAQ_HOME")
    return _kept(Path(home) / PASSWORD_FILE, new) if home else new


def _kept(path: Path, new: str) -> str:
    """What the file holds; ``new`` when there is none. Its owner's alone from the first byte."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if kept := path.read_text("utf-8").strip():
            return kept
        descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(new + "\n")
    return new


def table(password: str) -> str:
    """The accounts and the password, for the terminal."""
    width = max(len(account.username) for account in ACCOUNTS)
    rows = [
        f"  {account.username:<{width}}  {account.role:<13}  {account.unit:<6}  {account.display}".rstrip()
        for account in ACCOUNTS
    ]
    return "\n".join(["Demo accounts:", *rows, f"Password of all: {password}"])
