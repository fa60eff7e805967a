"""The home: the one directory that holds all state of one instance. Two homes are two products."""

import json
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher.say import LauncherError

SOCKET_PATH_LIMIT = 100  # the kernel's is 108 on Linux and 104 elsewhere, with the file name
LONGEST_SOCKET_NAME = ".s.PGSQL.5432.lock"
TEMPORARY = "dayaq-test-"


@dataclass(frozen=True)
class Home:
    """Paths below the home, and the small files through which launcher processes know each other."""

    root: Path

    @property
    def pg(self) -> Path:
        """PostgreSQL's data directory."""
        return self.root / "pg"

    @property
    def valkey(self) -> Path:
        """Valkey's working directory; nothing in it is kept."""
        return self.root / "valkey"

    @property
    def run(self) -> Path:
        """Locks, recorded processes and sockets."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        """One log per child process."""
        return self.root / "logs"

    def prepare(self) -> "Home":
        """Create what is missing, for this user only. What exists keeps its mode: it may be shared."""
        if self._is_anothers():
            raise LauncherError(
                f"{self.root} belongs to another user.",
                "run as that user, or keep this user's state elsewhere: ./run --home DIRECTORY",
            )
        try:
            self.root.parent.mkdir(parents=True, exist_ok=True)
            for directory in (self.root, self.run, self.logs, self.valkey, self.root / "static"):
                directory.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise LauncherError(
                f"cannot create {error.filename}: {error.strerror}.",
                "choose a directory that you may write to: ./run --home DIRECTORY",
            ) from None
        return self

    def _is_anothers(self) -> bool:
        """Root may begin in anybody's directory, but nobody goes on with another user's state."""
        for directory in (self.run, self.root):
            if directory.exists():
                return directory.stat().st_uid != os.geteuid() and (
                    directory == self.run or os.geteuid() != 0
                )
        return False

    def secret(self, name: str) -> str:
        """A random secret made on first use, in a file that only its owner can read."""
        path = self.root / name
        if not path.exists() or not path.read_text().strip():
            self._write(path, secrets.token_urlsafe(48))
        return path.read_text().strip()

    def record(self, name: str, content: dict[str, Any]) -> None:
        """Write a small JSON file in one step: readers see the old or the new one, never half."""
        self._write(self.run / f"{name}.json", json.dumps(content))

    def recorded(self, name: str) -> dict[str, Any]:
        """Read such a file; empty when it is missing or damaged by a crash of the machine."""
        try:
            content = json.loads((self.run / f"{name}.json").read_text())
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def sockets(self) -> Path:
        """A private directory for the servers' sockets; elsewhere when it would have too long a path."""
        directory = self.run / "sockets"
        if fits(directory):
            directory.mkdir(mode=0o700, exist_ok=True)
            return directory
        for parent in (os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108
            if parent and os.access(parent, os.W_OK) and fits(Path(parent) / "dayaq-xxxxxxxx"):
                return Path(tempfile.mkdtemp(prefix="dayaq-", dir=parent))
        raise LauncherError(
            f"{self.root} is too long a path for sockets, and no short temporary directory was found.",
            "choose a shorter one: ./run --home DIRECTORY",
        )

    def remove_if_temporary(self) -> None:
        """Delete a test's home after use; the name is checked, so that no other home can ever be deleted."""
        if self.root.name.startswith(TEMPORARY):
            shutil.rmtree(self.root, ignore_errors=True)

    @staticmethod
    def _write(path: Path, text: str) -> None:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        with open(descriptor, "w") as file:
            file.write(text + "\n")
        os.replace(temporary, path)


def fits(directory: Path) -> bool:
    """Is a socket path in this directory short enough for the kernel?"""
    return len(os.fsencode(directory / LONGEST_SOCKET_NAME)) <= SOCKET_PATH_LIMIT


def temporary() -> Home:
    """A home for one test run; its path is short, for the sake of the sockets."""
    return Home(Path(tempfile.mkdtemp(prefix=TEMPORARY)).resolve())


def choose(given: Path | None, checkout: Path) -> Home:
    """The home that was asked for, else `var/` of a writable checkout, else the user's state directory."""
    if given is not None:
        return Home(given.expanduser().absolute())
    var = checkout / "var"
    if os.access(var if var.exists() else checkout, os.W_OK | os.X_OK):
        return Home(var)
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Home(Path(state) / "dayaq")
