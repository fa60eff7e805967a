"""Secrets and signatures by the Standard Webhooks scheme. A secret lies sealed in the database."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

__all__ = ["InvalidToken", "new_secret", "seal", "signature", "unseal"]

PREFIX = "whsec_"
PURPOSE = b"dayaq.delivery.secret"


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def seal(secret: str) -> bytes:
    return _sealer().encrypt(secret.encode())


def unseal(sealed: bytes) -> str:
    """Raises ``InvalidToken`` when the key it was sealed with is no longer among the settings' keys."""
    return _sealer().decrypt(sealed).decode()


def _sealer() -> MultiFernet:
    """The present key seals; those before it still open."""
    return MultiFernet([_derived(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _derived(key: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


def signature(keys: Iterable[str], message: str, timestamp: int, body: bytes) -> str:
    """One signature per secret, parted by blanks: during a rotation either of two is enough."""
    signed = f"{message}.{timestamp}.".encode() + body
    return " ".join(f"v1,{_mac(key, signed)}" for key in keys)


def _mac(key: str, signed: bytes) -> str:
    raw = base64.b64decode(key.removeprefix(PREFIX))
    return base64.b64encode(hmac.new(raw, signed, hashlib.sha256).digest()).decode()
