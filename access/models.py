"""Who signs in: users with one role, and the tokens of machines."""

from __future__ import annotations

import hashlib
import secrets

import pghistory
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Now

from .roles import Role


@pghistory.track(exclude=["password", "last_login"], append_only=True)
class User(AbstractUser):
    """A person or a machine that acts. Disabled, never deleted: history keeps its names."""

    role = models.CharField(max_length=16, choices=[(role.value, role.value) for role in Role])
    language = models.CharField(max_length=2, default="az")
    station = models.CharField(max_length=20, blank=True)

    @property
    def display(self) -> str:
        """What colleagues see: the full name, or the user name."""
        return self.get_full_name() or self.username


class Token(models.Model):
    """A machine's credential. Only its hash is kept; the secret is shown once."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="tokens")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"token {self.pk}"

    @staticmethod
    def hash(secret: str) -> str:
        return hashlib.sha256(secret.encode()).hexdigest()

    @classmethod
    def issue(cls, user: User) -> str:
        """Make a token for ``user`` and return its secret, which is not kept."""
        secret = secrets.token_urlsafe(32)
        cls.objects.create(user=user, digest=cls.hash(secret))
        return secret
