"""The Python packages: a virtual environment filled from the hashed requirements files, and nothing else."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher import processes
from launcher.home import Home
from launcher.locks import Lock
from launcher.say import LauncherError, Steps, line

STAMP = "dayaq-requirements.json"
APT = shutil.which("apt-get")


@dataclass(frozen=True)
class Environment:
    """An environment to make sure of. `locked` is the directory of the requirements files."""

    venv: Path
    locked: Path

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.venv / "bin" / "python"

    def ensure(self, name: str, steps: Steps) -> None:
        """Install `requirements/NAME.txt` unless exactly this was done before."""
        if os.environ.get("DAYAQ_VENV"):
            steps.nothing_to_do(f"the Python packages are yours: {self.venv}")
            return
        self.venv.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = Lock(self.venv.parent)
        try:
            if not lock.try_exclusive():
                line("dayaq: another start is installing the packages; waiting for it ...")
                lock.exclusive()
            if self._stamp().get(name) == self._digest(name):
                steps.nothing_to_do(f"the Python packages are installed in {self.venv}")
            else:
                with steps.step(f"installing the Python packages into {self.venv} (about a minute)"):
                    self._create()
                    self._install(name)
                    self._write_stamp(name)
        finally:
            lock.close()

    def _digest(self, name: str) -> str:
        """Of the requirements and of the interpreter: an upgraded Python needs its packages again."""
        content = (self.locked / f"{name}.txt").read_bytes()
        return hashlib.sha256(content + sys.version.encode()).hexdigest()

    def _stamp(self) -> dict[str, Any]:
        try:
            stamp = json.loads((self.venv / STAMP).read_text())
        except (OSError, ValueError):
            return {}
        return stamp if isinstance(stamp, dict) and self.python.exists() else {}

    def _write_stamp(self, name: str) -> None:
        """The development file holds the application's packages too, unless a version differs."""
        stamp = {name: self._digest(name)}
        if name == "dev" and self._pins("app") <= self._pins("dev"):
            stamp["app"] = self._digest("app")
        (self.venv / STAMP).write_text(json.dumps(stamp) + "\n")

    def _pins(self, name: str) -> set[str]:
        lines = (self.locked / f"{name}.txt").read_text().splitlines()
        return {each.rstrip(" \\") for each in lines if each and each[0].isalnum()}

    def _create(self) -> None:
        """Make the environment; also anew, when the old one does not run, lacks pip or has another Python."""
        if _runs([self.python, "-c", f"import pip, sys; sys.exit(sys.version != {sys.version!r})"]):
            return
        output = self._make_venv()
        if output and _lacks_ensurepip(output) and _install_debian_package("python3-venv"):
            output = self._make_venv()
        if output:  # an environment without pip can still be filled from outside
            output = self._make_venv("--without-pip")
        if output:
            raise LauncherError(
                f"cannot create a virtual environment in {self.venv}:\n{output}",
                "install Python's venv module (Debian, Ubuntu: apt-get install python3-venv)",
            )

    def _make_venv(self, *options: str) -> str:
        """Empty on success, else what Python printed."""
        command = [sys.executable, "-m", "venv", "--clear", *options, str(self.venv)]
        done = subprocess.run(command, capture_output=True, text=True)
        return "" if done.returncode == 0 else done.stdout + done.stderr

    def _install(self, name: str) -> None:
        log = self.venv / "install.log"
        command = [*self._installer(), "--require-hashes", "-r", self.locked / f"{name}.txt"]
        settings = {
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INPUT": "1",
            "PIP_ROOT_USER_ACTION": "ignore",
            "PIP_REQUIRE_VIRTUALENV": "0",
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_PYTHON_PREFERENCE": "only-system",
        }
        environment = {each: value for each, value in os.environ.items() if each != "PIP_USER"} | settings
        if processes.run_logged(command, log=log, env=environment, task="installing") != 0:
            raise LauncherError(
                f"the Python packages could not be installed:\n{processes.tail(log)}",
                f"check the connection to the package index, then start again (all of it: {log})",
            )

    def _installer(self) -> list[str | Path]:
        """The fastest one there is: uv, the environment's pip, or this Python's pip working from outside."""
        if uv := shutil.which("uv"):
            return [uv, "pip", "install", "--python", self.python]
        if _runs([self.python, "-m", "pip", "--version"]):
            return [self.python, "-m", "pip", "install"]
        outside: list[str | Path] = [sys.executable, "-m", "pip", "--python", self.python]
        if _runs([*outside, "--version"]):
            return [*outside, "install"]
        raise LauncherError(
            "this Python has no pip, and neither its venv module nor uv is there to bring one.",
            "Debian, Ubuntu: apt-get install python3-venv; elsewhere install pip or uv; then start again",
        )


def for_checkout(checkout: Path, home: Home) -> Environment:
    """`.venv` of a writable checkout, else one in the home; or the one that DAYAQ_VENV names."""
    locked = checkout / "requirements"
    if named := os.environ.get("DAYAQ_VENV"):
        return Environment(Path(named).absolute(), locked)
    beside = checkout / ".venv"
    writable = os.access(beside if beside.exists() else checkout, os.W_OK)
    return Environment(beside if writable else home.root / "venv", locked)


def _runs(command: processes.Command) -> bool:
    try:
        return subprocess.run([str(part) for part in command], capture_output=True).returncode == 0
    except OSError:
        return False


def _lacks_ensurepip(output: str) -> bool:
    return re.search(r"ensurepip is not\s+available|No module named '?ensurepip", output) is not None


def _install_debian_package(name: str) -> bool:
    """Debian splits Python's own venv module off; root can add it without being asked to come back."""
    if os.geteuid() != 0 or not APT or not sys.executable.startswith("/usr/bin/"):
        return False
    line(f"dayaq: installing Debian's {name}, which this Python lacks ...")
    return apt_install(name)


def apt_install(*names: str) -> bool:
    """Install Debian packages without questions; what apt prints is shown when it fails."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    apt = [str(APT), "-qq", "-o", "DPkg::Lock::Timeout=120"]
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "apt.log"
        processes.run_logged([*apt, "update"], log=log, env=environment, task="updating the package lists")
        install = [*apt, "install", "-y", "--no-install-recommends", *names]
        if processes.run_logged(install, log=log, env=environment, task="installing") == 0:
            return True
        line(processes.tail(log))
        return False
