"""The keeper: a process of its own that owns the servers of one home for as long as anybody uses them.

Users (the product, every `./run manage`) hold a shared lock. The keeper stops the servers when it can take
that lock alone, which the kernel grants as soon as the last user is gone, in whatever way it went. If the
keeper itself is killed, the kernel ends the servers. So no order of crashes leaves a server behind, two
commands share one pair of servers, and none stops them under the other.
"""

import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from launcher import postgres, processes, valkey
from launcher.home import Home
from launcher.locks import Lock
from launcher.say import LauncherError, line

POLL_SECONDS = 0.1


class Keeper:
    """What runs in the keeper's process."""

    def __init__(self, home: Home, venv: Path, *, test: bool) -> None:
        self.home = home
        self.venv = venv
        self.wanted = os.environ.get("DAYAQ_SERVERS", "postgres valkey").split()
        self.test = test
        self.users = Lock(home.run / "users.lock")
        self.postgres: postgres.Postgres | None = None
        self.valkey: valkey.Valkey | None = None
        self.state: dict[str, Any] = {}
        self.patience = {"PostgreSQL": processes.Patience(), "Valkey": processes.Patience()}

    def keep(self) -> int:
        """Start the servers, watch them, stop them; the record tells the launchers how it stands."""
        lock = Lock(self.home.run / "keeper.lock")
        if not lock.try_exclusive():
            return 0
        code = 1
        processes.stop_on_signals()
        try:
            self._start()
            self._watch()
            code = 0
        except LauncherError as error:
            line(error.message)
            self._tell("failed", message=error.message, next_step=error.next_step)
        except processes.Stop:
            self._tell("stopping")
        finally:
            processes.ignore_signals()
            self._stop()
            self.home.remove_if_temporary()
            lock.close()
            self.users.close()
        return code

    def _start(self) -> None:
        before = self.home.recorded("servers")
        sockets = self.home.sockets()
        if "postgres" in self.wanted:
            self.postgres = postgres.Postgres(self.home, sockets, postgres.find(self.venv), test=self.test)
            self.postgres.end_leftover()
        if "valkey" in self.wanted:
            self.valkey = valkey.Valkey(self.home, sockets, valkey.find(self.venv))
            self.valkey.end_leftover(int(before.get("valkey_pid", 0)))
        self._remove_sockets(before.get("sockets"), keep=sockets)
        self.state = {"sockets": str(sockets), "wanted": self.wanted}
        self._tell("starting")
        if self.valkey:
            self.valkey.start()
            self.state |= {"redis_url": self.valkey.url, "valkey_pid": _pid(self.valkey.process)}
            self._tell("starting")
        if self.postgres:
            self.postgres.start()
            self.state |= {"database_url": self.postgres.url, "postgres_pid": _pid(self.postgres.process)}
        self._tell("ready")

    def _watch(self) -> None:
        while not self.users.try_exclusive():
            self._check("PostgreSQL", self.postgres)
            self._check("Valkey", self.valkey)
            time.sleep(POLL_SECONDS)
        self._tell("stopping")

    def _check(self, name: str, server: postgres.Postgres | valkey.Valkey | None) -> None:
        """Start again what ended by itself; what keeps ending is a reason to stop."""
        if not (server and server.process and server.process.poll() is not None):
            return
        code = server.process.returncode
        if not self.patience[name].allows():
            raise LauncherError(
                f"{name} ended by itself (code {code}):\n{processes.tail(server.log)}",
                f"see the lines above and {server.log}, then start again: committed data is kept",
            )
        line(f"dayaq: {name} ended by itself (code {code}) and is started again")
        server.start()
        pids = {"postgres_pid": self.postgres, "valkey_pid": self.valkey}
        self.state |= {key: _pid(each.process) for key, each in pids.items() if each}
        self._tell("ready")

    def _stop(self) -> None:
        for server in (self.valkey, self.postgres):
            if server:
                server.stop()
        self._remove_sockets(self.state.get("sockets"))

    def _remove_sockets(self, directory: str | None, keep: Path | None = None) -> None:
        """Empty the socket directory; a temporary one goes altogether."""
        with suppress(OSError):
            path = Path(directory) if directory else self.home.run / "sockets"
            for socket in path.iterdir():
                socket.unlink()
            if path != keep and path != self.home.run / "sockets":
                path.rmdir()

    def _tell(self, state: str, **more: str) -> None:
        self.state |= {"state": state, **more}
        with suppress(OSError):
            self.home.record("servers", self.state)


def _pid(process: "subprocess.Popen[bytes] | None") -> int:
    return process.pid if process else 0
