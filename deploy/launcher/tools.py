"""The verbs beside the product: manage, test, lint, bench, lock."""

import os
import re
import subprocess
import sys
from pathlib import Path

from launcher import chromium, processes
from launcher.environment import Environment
from launcher.home import Home, temporary
from launcher.locks import is_held
from launcher.say import LauncherError, Steps, line
from launcher.servers import Servers
from launcher.supervise import django_environment

# Commands that need no tables, or make them themselves.
WITHOUT_TABLES = {"migrate", "makemigrations", "check", "help", "spectacular", "catalogues", "--help"}


def manage(
    checkout: Path, home: Home, environment: Environment, *, port: int, demo: bool, command: list[str]
) -> int:
    """One management command with the servers of the home; stdout and the exit code are the command's own."""
    environment.ensure("app", Steps())
    if is_held(home.run / "product.lock"):
        port = home.recorded("product").get("port", port)
        for name, value in home.recorded("external").items():  # servers of the user's own: the same ones
            os.environ.setdefault(name, value)
    fresh = not home.recorded("mode")
    mode = home.recorded("mode").get("mode", "demo" if demo else "local")
    with Servers(home, environment.venv) as servers:
        variables = django_environment(home, servers, mode=mode, port=port)
        if fresh and command[:1] and command[0] not in WITHOUT_TABLES:
            _prepare(checkout, home, environment, variables)
            home.record("mode", {"mode": mode})
        code = processes.foreground([environment.python, checkout / "manage.py", *command], env=variables)
        processes.ignore_signals()
    return code


def _prepare(checkout: Path, home: Home, environment: Environment, variables: dict[str, str]) -> None:
    """A command on a new home finds the tables and the reference data, as after a first start."""
    for step in (("migrate", "--no-input"), ("load_reference",)):
        log = home.logs / f"{step[0]}.log"
        argv: list[str | Path] = [environment.python, checkout / "manage.py", *step]
        if processes.run_logged(argv, log=log, env=variables, cwd=checkout, task=f"in {step[0]}"):
            raise LauncherError(
                f"manage.py {step[0]} failed:\n{processes.tail(log)}", f"see the lines above and {log}"
            )


def test(checkout: Path, environment: Environment, *, arguments: list[str]) -> int:
    """The tests, on servers and in a home of their own that are gone afterwards."""
    steps = Steps()
    environment.ensure("dev", steps)
    browser = chromium.ensure()
    home = temporary().prepare()
    with Servers(home, environment.venv, steps=steps, test=True) as servers:
        variables = django_environment(home, servers, mode="test", port=8000)
        variables.pop("DAYAQ_CHROMIUM", None)
        if browser:
            variables["DAYAQ_CHROMIUM"] = browser
        pytest: list[str | Path] = [environment.python, "-m", "pytest", *arguments]
        code = processes.foreground(pytest, env=variables, cwd=checkout)
        processes.ignore_signals()
    return code


def lint(checkout: Path, environment: Environment) -> int:
    """Everything that can be checked without running a test: all of it, then the verdict."""
    steps = Steps()
    environment.ensure("dev", steps)
    python = environment.python
    checks: dict[str, list[str | Path]] = {
        "ruff check": [python, "-m", "ruff", "check", "."],
        "ruff format": [python, "-m", "ruff", "format", "--check", "."],
        "lint-imports": [environment.venv / "bin" / "lint-imports"],
        "djlint": [python, "-m", "djlint", "--lint", "--quiet", "templates"],
        "mypy": [python, "-m", "mypy", "."],
    }
    home = temporary().prepare()
    with Servers(home, environment.venv, steps=steps, test=True) as servers:
        variables = django_environment(home, servers, mode="test", port=8000)
        checks["makemigrations --check"] = [
            python,
            checkout / "manage.py",
            "makemigrations",
            "--check",
            "--dry-run",
        ]
        failed = [name for name, command in checks.items() if not _passes(name, command, checkout, variables)]
        processes.ignore_signals()
    line(f"dayaq: lint failed: {', '.join(failed)}" if failed else "dayaq: lint passed")
    return 1 if failed else 0


def _passes(name: str, command: list[str | Path], checkout: Path, variables: dict[str, str]) -> bool:
    line(f"dayaq: {name} ...")
    return processes.foreground(command, env=variables, cwd=checkout) == 0


def faults(checkout: Path, environment: Environment, *, arguments: list[str]) -> int:
    """The fault rig: it starts its own servers in a home of its own, and ends them."""
    environment.ensure("app", Steps())
    command: list[str | Path] = [environment.python, "-m", "bench.faults", *arguments]
    return processes.foreground(command, env=os.environ | {"PYTHONUTF8": "1"}, cwd=checkout)


def lock(checkout: Path, home: Home, arguments: list[str]) -> int:
    """Compile the requirements files anew. `--upgrade` or `--upgrade-package NAME` raise versions on purpose.

    uv does it, because it resolves for every supported Python at once; it gets an environment of its own, so
    that it never becomes a dependency. The result may not name an index: whoever installs decides from where.
    """
    tool = home.root / "uv"
    if not (tool / "bin" / "uv").exists():
        line("dayaq: installing uv ...")
        make: list[str | Path] = [sys.executable, "-m", "venv", tool]
        fill: list[str | Path] = [tool / "bin" / "pip", "install", "--quiet", "uv"]
        if subprocess.run(make).returncode or subprocess.run(fill).returncode:
            raise LauncherError(
                "uv could not be installed.", "see the lines above, then run ./run lock again"
            )
    variables = os.environ | {"UV_PYTHON_DOWNLOADS": "never", "UV_PYTHON_PREFERENCE": "only-system"}
    # The application's versions are those it is tested with: development decides, the rest follows.
    dev, app = ["--group", "dev"], ["--constraint", "requirements/dev.txt"]
    for name, groups in {"dev": dev, "app": app}.items():
        output = f"requirements/{name}.txt"
        # fmt: off
        command: list[str | Path] = [
            tool / "bin" / "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11",
            "--generate-hashes", "--extra", "embedded", *groups, *arguments, "pyproject.toml", "-o", output,
        ]
        # fmt: on
        line(f"dayaq: compiling {output} ...")
        if subprocess.run(command, cwd=checkout, env=variables).returncode != 0:
            raise LauncherError(f"{output} could not be compiled.", "see uv's lines above")
        if re.search(r"https?://", (checkout / output).read_text()):
            raise LauncherError(
                f"{output} names an address.", "compile without options that emit index addresses"
            )
    return 0
