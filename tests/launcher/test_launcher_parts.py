"""The launcher's parts that need no server: options, homes, packages, the browser."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from launcher import chromium, environment, processes
from launcher.cli import parse
from launcher.environment import STAMP, Environment, for_checkout
from launcher.home import Home, choose
from launcher.say import LauncherError, Steps

from tests.launcher.conftest import REPOSITORY

pytestmark = pytest.mark.launcher


def test_options_stand_before_the_verb_and_the_rest_belongs_to_the_command() -> None:
    request = parse(["--home", "/h", "--port=81", "--no-demo", "manage", "demo", "--port", "5"])
    assert (request.home, request.port, request.demo) == (Path("/h"), 81, False)
    assert (request.verb, request.arguments) == ("manage", ["demo", "--port", "5"])
    assert parse([]).verb == "serve"


@pytest.mark.parametrize("argv", [["--nonsense"], ["--port"], ["--port", "x"], ["--port", "0"], ["dance"]])
def test_a_wrong_command_line_says_what_to_do(argv: list[str]) -> None:
    with pytest.raises(LauncherError) as failure:
        parse(argv)
    assert failure.value.next_step


def test_the_home_is_in_the_checkout_when_that_is_writable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert choose(None, tmp_path) == Home(tmp_path / "var")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert choose(None, tmp_path) == Home(tmp_path / "state" / "dayaq")
    assert for_checkout(tmp_path, Home(tmp_path / "home")).venv == Path(sys.prefix)  # DAYAQ_VENV
    monkeypatch.delenv("DAYAQ_VENV")
    assert for_checkout(tmp_path, Home(tmp_path / "home")).venv == tmp_path / "home" / "venv"


def test_a_home_of_another_user_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home").prepare()
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(LauncherError, match="belongs to another user"):
        home.prepare()


def test_a_home_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LauncherError, match="cannot create"):
        Home(tmp_path / "file" / "home").prepare()


def test_a_directory_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    Home(tmp_path).prepare()
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Requirements without a package, so that the real installer has nothing to fetch."""
    monkeypatch.delenv("DAYAQ_VENV")
    (tmp_path / "requirements").mkdir()
    for name in ("app", "dev"):
        (tmp_path / "requirements" / f"{name}.txt").write_text(f"# {name}\n")
    return tmp_path


@pytest.fixture
def checkout(bare: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, quicker: without a pip of its own the environment is filled from outside."""
    make = Environment._make_venv
    monkeypatch.setattr(Environment, "_make_venv", lambda self, *options: make(self, "--without-pip"))
    return bare


def install(checkout: Path, name: str = "app") -> Environment:
    made = for_checkout(checkout, Home(checkout / "var"))
    made.ensure(name, Steps())
    return made


def installs(checkout: Path, capsys: pytest.CaptureFixture[str], name: str = "app") -> bool:
    capsys.readouterr()
    install(checkout, name)
    return "installing" in capsys.readouterr().err


def test_the_packages_are_installed_once_and_again_after_a_change(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert installs(checkout, capsys)
    assert not installs(checkout, capsys)
    assert installs(checkout, capsys, "dev")
    assert not installs(checkout, capsys)  # the development packages contain the application's
    (checkout / "requirements" / "app.txt").write_text("# changed\n")
    assert installs(checkout, capsys)
    (checkout / ".venv" / "bin" / "python").unlink()
    assert installs(checkout, capsys)
    assert install(checkout).python.exists()


def test_two_starts_do_not_install_at_once(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    threads = [threading.Thread(target=install, args=[checkout]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = capsys.readouterr().err
    assert said.count("installing the Python packages") == 1
    assert said.count("another start is installing") == 2


def test_a_failing_installation_shows_its_reason_and_is_not_taken_for_done(checkout: Path) -> None:
    (checkout / "requirements" / "app.txt").write_text("./does-not-exist --hash=sha256:00\n")
    with pytest.raises(LauncherError, match="does-not-exist") as failure:
        install(checkout)
    assert "install.log" in failure.value.next_step
    assert not (checkout / ".venv" / STAMP).exists()


def test_a_python_without_ensurepip_installs_from_outside(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian's python3 without python3-venv: `-m venv` fails, the system's pip may be there."""
    debian = bare / "python3"
    debian.write_text(
        "#!/bin/sh\n"
        'case "$*" in *--without-pip*) ;; "-m venv"*) echo "ensurepip is not available"; exit 1;; esac\n'
        f'exec "{sys.executable}" "$@"\n'
    )
    debian.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(debian))
    made = install(bare)
    assert made.python.exists()
    assert not (made.venv / "bin" / "pip").exists()


def test_a_python_without_any_pip_says_what_to_install(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "_runs", lambda command: False)
    monkeypatch.setattr(Environment, "_make_venv", lambda self, *options: "")
    monkeypatch.setenv("PATH", str(checkout))
    with pytest.raises(LauncherError) as failure:
        install(checkout)
    assert "python3-venv" in failure.value.next_step


def test_a_given_environment_is_never_installed_into(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAYAQ_VENV", str(checkout / "mine"))
    assert install(checkout).python == checkout / "mine" / "bin" / "python"
    assert not (checkout / "mine").exists()


def test_the_browser_is_the_one_named_else_one_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, body in {"chromium": "echo 'a stub'; exit 1", "google-chrome": "echo Google Chrome 1"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin-that-is-not-there")
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(chromium, "apt_install", lambda *names: False)
    (tmp_path / "sh").symlink_to("/bin/sh")
    assert chromium.ensure() == str(tmp_path / "google-chrome")
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "google-chrome"))
    assert chromium.ensure() == str(tmp_path / "google-chrome")


def test_no_browser_is_said_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(chromium, "apt_install", lambda *names: False)
    assert chromium.ensure() is None
    assert "apt-get install chromium" in capsys.readouterr().err


def test_a_zombie_is_not_alive() -> None:
    assert processes.birth(os.getpid())
    child = subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert processes.birth(child.pid) is None
    child.wait()


def test_a_big_log_is_set_aside(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "web.log"
    log.parent.mkdir()
    log.write_bytes(b"x" * (processes.LOG_LIMIT + 1))
    with processes.open_log(log) as file:
        file.write(b"new")
    assert log.read_bytes() == b"new"
    assert log.with_name("web.log.1").stat().st_size > processes.LOG_LIMIT
    assert processes.tail(log) == "    new"


def test_the_committed_requirements_are_hashed_and_name_no_index() -> None:
    for name in ("app", "dev"):
        text = (REPOSITORY / "requirements" / f"{name}.txt").read_text()
        assert not re.search(r"https?://", text)
        pins = [each for each in text.splitlines() if each and each[0].isalnum()]
        assert pins
        assert all(each.endswith("\\") for each in pins)
