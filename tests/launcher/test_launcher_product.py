"""`./run` and `./run manage` as their users see them, on the stand-in product."""

import os
import signal
import socket
import stat
import time
from pathlib import Path

import pytest
from launcher.home import Home
from launcher.servers import Servers

from tests.launcher.conftest import StandIn, assert_nothing_runs, free_port, kill_everything, running

pytestmark = pytest.mark.launcher


def test_a_start_says_where_and_who_and_a_stop_leaves_nothing(stand_in: StandIn) -> None:
    process = stand_in.start_and_wait()
    process.terminate()
    output, progress = process.communicate(timeout=30)
    assert process.returncode == 0
    assert f"http://127.0.0.1:{stand_in.port}/" in output
    assert "accounts: operator" in output
    assert [number for number in range(1, 8) if f"[{number}/6]" in progress] == [1, 2, 3, 4, 5, 6]
    assert running(stand_in.home) == []
    assert not stand_in.answers()


def test_without_demo_no_account_is_made(stand_in: StandIn) -> None:
    process = stand_in.start_and_wait("--no-demo")
    assert stand_in.environment()["DAYAQ_MODE"] == "local"
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert "accounts" not in output


def test_a_command_has_stdout_and_exit_code_for_itself(stand_in: StandIn) -> None:
    assert stand_in.run("manage", "exit", "7").returncode == 7
    assert stand_in.run("manage", "write", "one").stdout == ""
    done = stand_in.run("manage", "read")
    assert (done.returncode, done.stdout) == (0, "one\n")
    assert "starting PostgreSQL and Valkey" in done.stderr
    assert running(stand_in.home) == []


def test_a_command_beside_the_product_uses_its_servers(stand_in: StandIn) -> None:
    stand_in.start_and_wait()
    seen = stand_in.environment()
    assert (seen["DAYAQ_MODE"], seen["DAYAQ_PORT"]) == ("demo", str(stand_in.port))
    assert seen["DAYAQ_HOME"] == str(stand_in.home.root)
    assert seen["DJANGO_SETTINGS_MODULE"] == "callcenter.settings"
    assert seen["REDIS_URL"].startswith("unix:///")
    assert seen["REDIS_URL"].endswith("?db=0")
    done = stand_in.run("manage", "read")
    assert done.stderr == ""
    assert stand_in.answers()


def test_the_secrets_are_kept_and_private(stand_in: StandIn) -> None:
    first, second = stand_in.environment(), stand_in.environment()
    assert first["DAYAQ_SECRET_KEY"] == second["DAYAQ_SECRET_KEY"]
    assert len(first["DAYAQ_SECRET_KEY"]) >= 50
    for name in ("secret.key", "pg-superuser.key", "pg-application.key"):
        assert stat.S_IMODE((stand_in.home.root / name).stat().st_mode) == 0o600
    for directory in (stand_in.home.root, *(each for each in stand_in.home.root.iterdir() if each.is_dir())):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700, directory


def test_the_same_home_twice_is_refused_with_the_address(stand_in: StandIn) -> None:
    stand_in.start_and_wait()
    done = stand_in.run("--port", str(free_port()))
    assert done.returncode == 1
    assert f"already runs on {stand_in.home.root}: http://127.0.0.1:{stand_in.port}/" in done.stderr
    assert stand_in.answers()


def test_two_homes_run_side_by_side(stand_in: StandIn, place: Path) -> None:
    stand_in.start_and_wait()
    first = stand_in.port
    stand_in.port = free_port()
    other = place / "other"  # created from nothing
    stand_in.start_and_wait("--home", str(other))
    stand_in.run("--home", str(other), "manage", "write", "elsewhere")
    assert stand_in.run("manage", "read").stdout == "\n"
    assert stand_in.run("--home", str(other), "manage", "read").stdout == "elsewhere\n"
    stand_in.stop()
    stand_in.port = first
    assert not stand_in.answers()
    assert_nothing_runs(Home(other))


def test_a_taken_port_is_named_before_anything_starts(stand_in: StandIn) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", stand_in.port))
        other.listen()
        done = stand_in.run("--port", str(stand_in.port))
    assert done.returncode == 1
    assert f"port {stand_in.port} cannot be used" in done.stderr
    assert "--port" in done.stderr
    assert not (stand_in.home.run / "keeper.lock").exists()


def test_killing_the_launcher_leaves_nothing_and_the_next_start_works(stand_in: StandIn) -> None:
    process = stand_in.start_and_wait()
    stand_in.run("manage", "write", "kept")
    process.kill()
    process.communicate()
    stand_in.start_and_wait()  # at once, on the same port
    assert stand_in.run("manage", "read").stdout == "kept\n"


def test_killing_everything_at_once_leaves_the_data_intact(stand_in: StandIn) -> None:
    process = stand_in.start_and_wait()
    stand_in.run("manage", "write", "kept")
    kill_everything(stand_in.home, process.pid, stand_in.home.recorded("product")["web"])
    process.communicate()
    stand_in.start_and_wait()
    assert stand_in.run("manage", "read").stdout == "kept\n"


def test_killing_the_launcher_before_the_product_is_up_leaves_nothing(stand_in: StandIn) -> None:
    process = stand_in.start(STAND_IN_SLEEPS="migrate")
    deadline = time.monotonic() + 30
    while stand_in.home.recorded("servers").get("state") != "ready":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.communicate()
    assert_nothing_runs(stand_in.home)


def test_a_failing_step_shows_its_reason_and_keeps_it_in_the_log(stand_in: StandIn) -> None:
    done = stand_in.run("--port", str(stand_in.port), STAND_IN_FAILS="migrate")
    assert done.returncode == 1
    assert "the reason why migrate failed" in done.stderr
    assert "what to do:" in done.stderr
    assert "the reason why migrate failed" in (stand_in.home.logs / "migrate.log").read_text()
    assert running(stand_in.home) == []


def test_a_web_process_that_dies_shows_its_reason(stand_in: StandIn) -> None:
    done = stand_in.run("--port", str(stand_in.port), STAND_IN_WEB="dies")
    assert done.returncode == 1
    assert "the reason why the web process died" in done.stderr
    assert "what to do:" in done.stderr
    assert "the reason why the web process died" in (stand_in.home.logs / "web.log").read_text()


def test_a_first_page_that_never_comes_is_a_failure(stand_in: StandIn) -> None:
    done = stand_in.run("--port", str(stand_in.port), STAND_IN_WEB="never", DAYAQ_START_TIMEOUT="2")
    assert done.returncode == 1
    assert "no page within 2 s" in done.stderr
    assert "what to do:" in done.stderr
    assert not stand_in.answers()


def test_parts_that_are_killed_are_started_again(stand_in: StandIn) -> None:
    process = stand_in.start_and_wait()
    stand_in.run("manage", "write", "kept")
    for key, place in (("web", "product"), ("valkey_pid", "servers"), ("postgres_pid", "servers")):
        before = stand_in.home.recorded(place)[key]
        os.kill(before, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while stand_in.home.recorded(place).get(key) in (before, None) or not stand_in.answers():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert stand_in.run("manage", "read").stdout.split() == ["kept"]


def test_a_server_that_keeps_vanishing_ends_the_product_with_a_reason(stand_in: StandIn) -> None:
    process = stand_in.start_and_wait()
    stand_in.run("manage", "write", "kept")
    killed: set[int] = set()
    while process.poll() is None:
        server = stand_in.home.recorded("servers").get("valkey_pid")
        if server and server not in killed:
            killed.add(server)
            os.kill(server, signal.SIGKILL)
        time.sleep(0.1)
    _, progress = process.communicate(timeout=30)
    assert process.returncode == 1
    assert len(killed) == 4
    assert "Valkey ended by itself" in progress
    assert "what to do:" in progress
    assert stand_in.run("manage", "read").stdout == "kept\n"


def test_servers_of_the_users_own_are_used_and_none_is_started(stand_in: StandIn, home: Home) -> None:
    lent = home
    with Servers(lent, Path(os.environ["DAYAQ_VENV"])) as servers:
        stand_in.start_and_wait(**servers.environment)
        assert not (stand_in.home.run / "keeper.lock").exists()
        stand_in.run("manage", "write", "theirs")  # without the variables: as the running product
        assert stand_in.environment()["DATABASE_URL"] == servers.environment["DATABASE_URL"]
        assert stand_in.run("manage", "read", **servers.environment).stdout == "theirs\n"
        stand_in.stop()


def test_the_caller_may_stand_anywhere(
    stand_in: StandIn, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "link").symlink_to(stand_in.checkout)
    monkeypatch.chdir(place)
    stand_in.checkout = Path("link")
    assert stand_in.run("--home", "relative home", "manage", "exit", "5").returncode == 5
    assert (place / "relative home" / "pg").is_dir()
