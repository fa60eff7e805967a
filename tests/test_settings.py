"""Settings refuse bad values at start with a sentence, and production ones pass Django's own audit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOUND = {
    "DAYAQ_MODE": "production",
    "DAYAQ_SECRET_KEY": "k3y-" + "abcdefghijklmnopqrstuvwxyz0123456789" * 2,
    "DAYAQ_HOSTS": "dayaq.example",
    "DATABASE_URL": "postgresql://dayaq:secret@db.example/dayaq",
    "REDIS_URL": "redis://redis.example/0",
    "DJANGO_ALLOW_ASYNC_UNSAFE": "",  # the browser tests set it for their own process
}


def check(**changed: str) -> subprocess.CompletedProcess[str]:
    """Run the deployment check in a process of its own with these settings."""
    environment = {**os.environ, **SOUND, **changed}
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={key: value for key, value in environment.items() if value},
        capture_output=True,
        text=True,
    )


def test_production_settings_pass_the_deployment_check() -> None:
    done = check()

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"DAYAQ_MODE": "holiday"}, "has to be one of demo, local, test, production"),
        ({"DAYAQ_SECRET_KEY": ""}, "DAYAQ_SECRET_KEY is not set"),
        ({"DAYAQ_SECRET_KEY": "short"}, "too weak"),
        ({"DAYAQ_HOSTS": ""}, "names no host"),
        ({"DATABASE_URL": "nonsense"}, "not a PostgreSQL address"),
        ({"DATABASE_URL": "postgresql://user@host/"}, "names no database"),
        ({"REDIS_URL": "http://redis"}, "has to start with redis://"),
        ({"DAYAQ_RELAY": "somewhere"}, "has to be one of inside, beside"),
        ({"DAYAQ_CLOCKS": "somewhere"}, "has to be one of inside, beside"),
        ({"DAYAQ_JOBS": "somewhere"}, "has to be one of inside, beside"),
        ({"DAYAQ_WEBHOOK_NETWORKS": "10.0.0.0/8,10.1.2.3/8"}, "DAYAQ_WEBHOOK_NETWORKS names no network"),
    ],
)
def test_a_bad_value_is_refused_with_a_sentence(changed: dict[str, str], sentence: str) -> None:
    done = check(**changed)

    assert done.returncode != 0
    assert sentence in done.stderr.strip().splitlines()[-1]
