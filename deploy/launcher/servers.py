"""The launcher's side of the servers: use them, start a keeper when there is none, wait until it is gone."""

import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from launcher import processes
from launcher.home import Home
from launcher.locks import Lock, hold, is_held
from launcher.say import LauncherError, Steps, line

LAUNCHER = Path(__file__).resolve().parent
STOP_SECONDS = 45
EXTERNAL = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}


class Servers:
    """A block that has PostgreSQL and Valkey: those named in the environment, else this home's own."""

    def __init__(self, home: Home, venv: Path, *, steps: Steps | None = None, test: bool = False) -> None:
        self.home = home
        self.venv = venv
        self.steps = steps or Steps()
        self.test = test
        self.wanted = [name for name, variable in EXTERNAL.items() if not os.environ.get(variable)]
        self.users: Lock | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Where the application finds them."""
        record = self.home.recorded("servers")
        own = {"DATABASE_URL": record.get("database_url", ""), "REDIS_URL": record.get("redis_url", "")}
        return {variable: os.environ.get(variable) or own[variable] for variable in EXTERNAL.values()}

    def __enter__(self) -> "Servers":
        if not self.wanted:
            self.steps.nothing_to_do("PostgreSQL and Valkey are yours")
        else:
            self.users = Lock(self.home.run / "users.lock")
            if not self.users.try_shared():
                line("dayaq: PostgreSQL and Valkey of an earlier run are stopping; waiting for them ...")
                self.users.shared()
            try:
                with hold(self.home.run / "start.lock"):
                    self._adopt_or_start()
            except BaseException:
                self._leave()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def check(self) -> None:
        """Fail when the servers are gone although they are in use."""
        if self.wanted and not is_held(self.home.run / "keeper.lock"):
            raise self._failure("PostgreSQL and Valkey were stopped from outside.")

    def _adopt_or_start(self) -> None:
        """Use a keeper that is ready; wait for one that is on its way out; else start one."""
        deadline = time.monotonic() + STOP_SECONDS
        while is_held(self.home.run / "keeper.lock"):
            record = self.home.recorded("servers")
            if record.get("state") == "ready":
                self._check_adopted(record)
                self.steps.nothing_to_do("PostgreSQL and Valkey already run")
                return
            if time.monotonic() > deadline:
                raise self._failure("PostgreSQL and Valkey of an earlier run neither start nor stop.")
            time.sleep(0.05)
        names = " and ".join({"postgres": "PostgreSQL", "valkey": "Valkey"}[name] for name in self.wanted)
        with self.steps.step(f"starting {names}"):
            self._start()

    def _check_adopted(self, record: dict[str, Any]) -> None:
        missing = [EXTERNAL[name] for name in self.wanted if name not in record.get("wanted", [])]
        if missing:
            raise LauncherError(
                f"the product on {self.home.root} runs with a {' and '.join(missing)} of yours.",
                f"set the same {' and '.join(missing)} for this command",
            )

    def _start(self) -> None:
        self.home.record("servers", self.home.recorded("servers") | {"state": "starting"})
        log = self.home.logs / "servers.log"
        options = ["--test"] if self.test else []
        keeper = self._spawn(
            [sys.executable, LAUNCHER, "--home", self.home.root, "_keep", self.venv, *options], log
        )
        begin, said = time.monotonic(), 10.0
        while self.home.recorded("servers").get("state") != "ready":
            if keeper.poll() is not None:
                raise self._failure(f"the servers did not start:\n{processes.tail(log)}")
            if time.monotonic() - begin > said:
                line(f"      still starting, {said:.0f} s (details in {self.home.logs})")
                said += 10
            time.sleep(0.03)

    def _spawn(self, argv: processes.Command, log: Path) -> "subprocess.Popen[bytes]":
        """Not bound to our life: the keeper has to stop the servers after we are gone."""
        with processes.open_log(log) as output:
            return subprocess.Popen(
                [str(part) for part in argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=os.environ | {"DAYAQ_SERVERS": " ".join(self.wanted)},
                cwd="/",
                start_new_session=True,
            )

    def _failure(self, message: str) -> LauncherError:
        record = self.home.recorded("servers")
        if record.get("state") == "failed":
            return LauncherError(record["message"], record["next_step"])
        return LauncherError(message, f"look into {self.home.logs}, then start again")

    def _leave(self) -> None:
        """Let go, and wait for the keeper unless somebody else goes on using the servers."""
        if self.users is None:
            return
        self.users.release()
        deadline = time.monotonic() + STOP_SECONDS
        while is_held(self.home.run / "keeper.lock") and time.monotonic() < deadline:
            if self._others():
                break
            time.sleep(0.03)
        self.users.close()
        self.users = None
        self.home.remove_if_temporary()

    def _others(self) -> bool:
        """Does another launcher hold the users' lock? The keeper holds it alone, launchers share it."""
        assert self.users is not None
        if self.users.try_exclusive():
            self.users.release()
            return False
        if self.users.try_shared():
            self.users.release()
            return self.home.recorded("servers").get("state") == "ready"
        return False
