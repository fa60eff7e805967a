"""People at work, and the reference data they work with, loaded once for the whole run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from access.models import Token, User
from access.roles import Role
from agencies.models import Membership
from intake.models import Application, Contact, Subtopic
from people.models import Person

ROOT = Path(__file__).resolve().parent.parent
_people = count(1)


def load_reference_data() -> None:
    from callcenter.reference import load

    report = load(ROOT / "fixtures" / "reference")
    assert not report.problems, report.problems


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Reference data live below every test's transaction; flushing tests put them back themselves."""
    from events.models import Stream

    with django_db_blocker.unblock():
        load_reference_data()
        Stream.objects.update(epoch=EPOCH)  # of one history for the whole run, also over a flush


@pytest.fixture(scope="session", autouse=True)
def _no_static_files_for_test_clients() -> Iterator[None]:
    """Every test client builds the middleware anew, which would look at all static files each time."""
    from servestatic.middleware import ServeStaticMiddleware

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ServeStaticMiddleware, "add_files_from_finders", lambda self: None)
        yield


@pytest.fixture
def reference(db: None) -> None:
    """The reference data, also after a test that emptied the tables."""
    from routing.models import RuleSet

    if not RuleSet.objects.exists():
        load_reference_data()
    _begin_stream()


EPOCH = "5f0c1d1e-0000-4000-8000-000000000000"


def _begin_stream() -> None:
    """The head goes on rising over a flush: the server process of the live tests keeps its place."""
    from events.models import Stream

    if not Stream.objects.exists():
        head = time.time_ns() // 1000  # a test that stamps thousands of events does not outrun it
        Stream.objects.create(pk=1, epoch=EPOCH, head=head, floor=head)


@dataclass
class PeopleAtWork:
    """One user per role and agency; agencies by attribute, such as ``tabib`` and ``tabib_admin``."""

    users: dict[str, User]

    def __getattr__(self, name: str) -> User:
        try:
            return self.__dict__["users"][name]
        except KeyError:
            raise AttributeError(name) from None


AGENCIES = {"moh": "MOH", "mlspp": "MLSPP", "samhi": "SAMHI", "tabib": "TABIB", "yashat": "YASHAT"}
OFFICES = {
    "operator": Role.OPERATOR,
    "operator2": Role.OPERATOR,
    "supervisor": Role.SUPERVISOR,
    "clinician": Role.CLINICIAN,
    "admin": Role.ADMINISTRATOR,
}


@pytest.fixture
def people_at_work(reference: None) -> PeopleAtWork:
    users = {name: _user(name, role) for name, role in OFFICES.items()}
    for name, unit in AGENCIES.items():
        users[name] = _user(name, Role.AGENCY_WORKER, unit)
        users[f"{name}2"] = _user(f"{name}2", Role.AGENCY_WORKER, unit)
        users[f"{name}_admin"] = _user(f"{name}-admin", Role.AGENCY_ADMIN, unit)
        users[f"{name}_machine"] = _user(f"{name}-machine", Role.MACHINE, unit)
    return PeopleAtWork(users)


def _user(name: str, role: Role, unit: str | None = None) -> User:
    user = User(username=name, role=role, first_name=name.title(), is_staff=role == Role.ADMINISTRATOR)
    user.set_password("a-password-for-tests")
    user.save()
    if unit:
        Membership.objects.create(user=user, unit_id=unit)
    return user


@pytest.fixture
def person(reference: None) -> Callable[..., Person]:
    """Make a person: ``person(given_name="Orxan", phones=["0501234567"])``."""
    from people import services

    def make(**fields: Any) -> Person:
        return services.add(
            **{
                "family_name": "Nümunəvi",
                "given_name": f"Şəxs{next(_people)}",
                "patronymic": "Sınaq",
                "sex": "m",
                "phones": ["0501234567"],
                "district": "TAR",
                "synthetic": True,
                **fields,
            }
        )

    return make


@pytest.fixture
def register(people_at_work: PeopleAtWork, person: Callable[..., Person]) -> Callable[..., Application]:
    """Register an application through the real command and return it fresh."""
    from intake import services
    from workflows import actions

    def make(
        subtopic: str = "PRO-NEW",
        text: str = "Protez lazımdır, uzun yeriyəndə ağrı verir.",
        person: Person | None = None,
        facts: dict[str, Any] | None = None,
        actor: User | None = None,
        contact: Contact | None = None,
    ) -> Application:
        who = actor or people_at_work.operator
        subject = person or make_person()
        call = contact or services.start_contact(operator_id=who.pk, caller=subject, verification=1)
        done = actions.register(
            actor=who,
            person=subject,
            contact=call,
            subtopic=Subtopic.objects.select_related("topic").get(pk=subtopic),
            text=text,
            facts=facts or {},
        )
        return Application.objects.get(pk=done.pk)

    make_person = person
    return make


@pytest.fixture
def api() -> Callable[..., Any]:
    """An API client of a user by token: ``api(user).post("applications/", {...})``."""
    from rest_framework.test import APIClient

    class Client(APIClient):
        def generic(self, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
            return super().generic(
                method, path if path.startswith("/") else f"/api/v1/{path}", *args, **kwargs
            )

    def client(user: User | None) -> Any:
        made = Client()
        made.default_format = "json"
        if user is not None:
            made.credentials(HTTP_AUTHORIZATION=f"Token {Token.issue(user)}")
        return made

    return client


@pytest.fixture
def caught_up(reference: None) -> Iterator[Callable[[], int]]:
    """Stamp what has been committed, as the relay does."""
    import psycopg

    from events.relay import parameters, stamp

    with psycopg.connect(**parameters(), autocommit=True) as connection:
        yield lambda: len(stamp(connection))


@pytest.fixture(scope="session")
def server_process(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    from tests import server

    with django_db_blocker.unblock():
        yield from server.run()


@pytest.fixture
def server(server_process: str, transactional_db: None, reference: None) -> str:
    """The address of a real server that sees what a test commits, and knows nothing of the one before."""
    from tests.server import wait_until_it_looked

    wait_until_it_looked(server_process)
    return server_process
