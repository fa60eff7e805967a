"""What the launcher's tests share: short homes, and a stand-in product, so that a start takes seconds.

The stand-in has the product's interface to the launcher (manage.py, callcenter.serve, the variables) and
nothing else.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from socket import socket
from typing import Any

import psycopg
import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(REPOSITORY / "deploy"))

from launcher import processes  # noqa: E402
from launcher.home import Home  # noqa: E402
from launcher.locks import is_held  # noqa: E402
from launcher.servers import Servers  # noqa: E402

MANAGE = """
import json, os, sys, time

command, *arguments = sys.argv[1:]
if os.environ.get("STAND_IN_FAILS") == command:
    sys.exit(f"the reason why {command} failed")
if os.environ.get("STAND_IN_SLEEPS") == command:
    time.sleep(60)
if command == "environment":
    print(json.dumps(dict(os.environ)))
if command == "demo":
    print("accounts: operator, password: secret")
if command == "exit":
    sys.exit(int(arguments[0]))
if command in ("migrate", "write", "read"):
    import psycopg
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS mark (word text)")
        if command == "write":
            connection.execute("INSERT INTO mark VALUES (%s)", arguments)
        if command == "read":
            print(*[row[0] for row in connection.execute("SELECT word FROM mark ORDER BY word")])
"""

SERVE = """
import os, sys
import uvicorn

if os.environ.get("STAND_IN_WEB") == "dies":
    sys.exit("the reason why the web process died")

async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    status = 503 if os.environ.get("STAND_IN_WEB") == "never" else 200
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})

options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
uvicorn.run(application, host=options["--host"], port=int(options["--port"]), timeout_graceful_shutdown=5)
"""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "launcher: starts and stops real servers")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests themselves run under the launcher: forget what it set."""
    for name in list(os.environ):
        if name in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE") or name.startswith("DAYAQ_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DAYAQ_VENV", sys.prefix)


def short_directory() -> Path:
    """A private directory with a short path; in memory where there is room, for databases wait for disks."""
    memory = "/dev/shm"
    with suppress(OSError):
        state = os.statvfs(memory)
        if not state.f_flag & os.ST_NOEXEC and state.f_bavail * state.f_frsize > 2**30:
            return Path(tempfile.mkdtemp(prefix="dq-", dir=memory))
    return Path(tempfile.mkdtemp(prefix="dq-")).resolve()


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory for one test."""
    directory = short_directory()
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def template() -> Iterator[Home]:
    """A home with an empty database: copying it is faster than creating one for every test."""
    directory = short_directory()
    home = Home(directory / "home").prepare()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATABASE_URL", "REDIS_URL"):
            patch.delenv(name, raising=False)
        with Servers(home, Path(sys.prefix)):
            pass
    yield home
    shutil.rmtree(directory)


def fill(home: Home, template: Home) -> Home:
    """Give a home the template's database and keys."""
    shutil.copytree(template.pg, home.pg)
    for key in template.root.glob("pg-*.key"):
        shutil.copy2(key, home.root)
    return home


@pytest.fixture
def home(place: Path, template: Home) -> Iterator[Home]:
    """A home with an empty database; a test that leaves a server behind fails."""
    home = fill(Home(place / "home").prepare(), template)
    yield home
    assert_nothing_runs(home)


@pytest.fixture
def use(home: Home) -> Callable[[], Servers]:
    """Servers of that home, for a `with`."""
    return lambda: Servers(home, Path(sys.prefix))


def assert_nothing_runs(home: Home) -> None:
    """Wait a little for what a kill left; then no server of this home may run."""
    deadline = time.monotonic() + 15
    while left := running(home):
        assert time.monotonic() < deadline, f"left behind: {left}"
        time.sleep(0.05)


def running(home: Home) -> list[str]:
    """Servers of this home that run, by the directory they work in, and its keeper and product."""
    found = [name for name in ("keeper", "product") if is_held(home.run / f"{name}.lock")]
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            if entry.resolve() in (home.pg, home.valkey) and processes.birth(int(entry.parts[2])):
                found.append(f"{entry.parts[2]} in {entry.resolve().name}")
    return found


def query(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Run one statement of SQL."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def kill_everything(home: Home, *more: int) -> None:
    """kill -9 of the keeper, both servers and more, with no time in between for anybody to clean up."""
    record = home.recorded("servers")
    for pid in (*more, keeper_pid(home), record["postgres_pid"], record["valkey_pid"]):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def keeper_pid(home: Home) -> int:
    """The parent of the servers."""
    return int(
        Path(f"/proc/{home.recorded('servers')['valkey_pid']}/stat").read_text().rpartition(")")[2].split()[1]
    )


class StandIn:
    """A checkout with the real launcher and the stand-in product."""

    def __init__(self, directory: Path) -> None:
        self.checkout = directory / "checkout"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(
            REPOSITORY / "deploy" / "launcher", self.checkout / "deploy" / "launcher", ignore=ignored
        )
        shutil.copy2(REPOSITORY / "run", self.checkout / "run")
        (self.checkout / "callcenter").mkdir()
        (self.checkout / "callcenter" / "serve.py").write_text(SERVE)
        (self.checkout / "manage.py").write_text(MANAGE)
        self.home = Home(self.checkout / "var")
        self.port = free_port()
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *options: str, **variables: str) -> "subprocess.Popen[str]":
        """`./run` in the background."""
        process = subprocess.Popen(
            [self.checkout / "run", "--port", str(self.port), *options],
            env=os.environ | {"PYTHON": sys.executable} | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def start_and_wait(self, *options: str, **variables: str) -> "subprocess.Popen[str]":
        """`./run` until its page is there."""
        process = self.start(*options, **variables)
        deadline = time.monotonic() + 40
        home = Home(Path(options[options.index("--home") + 1])) if "--home" in options else self.home
        while home.recorded("product") | {"ready": True, "launcher": process.pid} != home.recorded("product"):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert self.answers()
        return process

    def answers(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5):
            return True
        return False

    def run(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """`./run ...` to its end."""
        return subprocess.run(
            [self.checkout / "run", *arguments],
            env=os.environ | {"PYTHON": sys.executable} | variables,
            capture_output=True,
            text=True,
            timeout=90,
        )

    def environment(self, *arguments: str, **variables: str) -> dict[str, str]:
        """What a management command sees."""
        done = self.run(*arguments, "manage", "environment", **variables)
        return json.loads(done.stdout)  # type: ignore[no-any-return]

    def stop(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.terminate()
                process.communicate(timeout=40)


@pytest.fixture
def stand_in(place: Path, template: Home) -> Iterator[StandIn]:
    """A checkout of the stand-in; whatever it started must be gone in the end."""
    product = StandIn(place)
    fill(product.home.prepare(), template)
    yield product
    product.stop()
    if product.home.run.exists():
        assert_nothing_runs(product.home)


def free_port() -> int:
    """A port nobody uses now."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
