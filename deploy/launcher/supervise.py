"""The product itself: migrations, reference and demo data, the web process, and the watch over all of it."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from launcher import processes
from launcher.environment import Environment
from launcher.home import Home
from launcher.locks import Lock
from launcher.say import LauncherError, Steps, line
from launcher.servers import EXTERNAL, Servers

STEPS = 5
PAGE_SECONDS = float(os.environ.get("DAYAQ_START_TIMEOUT", "120"))


def django_environment(home: Home, servers: Servers, *, mode: str, port: int) -> dict[str, str]:
    """Everything the settings read; without PG* variables, which would bend the address of our own server."""
    own = "postgres" in servers.wanted
    inherited = {name: value for name, value in os.environ.items() if not (own and name.startswith("PG"))}
    return (
        inherited
        | servers.environment
        | {
            "DAYAQ_HOME": str(home.root),
            "DAYAQ_MODE": mode,
            "DAYAQ_PORT": str(port),
            "DAYAQ_SECRET_KEY": os.environ.get("DAYAQ_SECRET_KEY") or home.secret("secret.key"),
            "DJANGO_SETTINGS_MODULE": "callcenter.settings",
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
        }
    )


def address(port: int) -> str:
    """Where the product answers."""
    return f"http://127.0.0.1:{port}/"


class Product:
    """`./run`: one instance on one home."""

    def __init__(
        self, checkout: Path, home: Home, environment: Environment, *, port: int, demo: bool
    ) -> None:
        self.checkout = checkout
        self.home = home
        self.environment = environment
        self.port = port
        self.demo = demo
        self.steps = Steps(STEPS + demo)
        self.log = home.logs / "web.log"
        self.web: subprocess.Popen[bytes] | None = None
        self.patience = processes.Patience()

    def serve(self) -> int:
        """Run until asked to stop; whatever happens, nothing of ours is left running."""
        lock = Lock(self.home.run / "product.lock")
        try:
            self._claim(lock)
            self.environment.ensure("app", self.steps)
            with Servers(self.home, self.environment.venv, steps=self.steps) as servers:
                try:
                    self._prepare(servers)
                    self._start_web(servers)
                    self._watch(servers)
                except processes.Stop:
                    processes.ignore_signals()
                    line("dayaq: stopping ...")
                finally:
                    processes.ignore_signals()
                    self._stop_web()
        finally:
            lock.close()
        line(f"dayaq: stopped; the data is kept in {self.home.root}")
        return 0

    def _claim(self, lock: Lock) -> None:
        """One product per home and per port."""
        before = self.home.recorded("product")
        if not lock.try_exclusive():
            where = address(before["port"]) if "port" in before else "(its start has just begun)"
            raise LauncherError(
                f"Dayaq already runs on {self.home.root}: {where}",
                "use that one, stop it with Ctrl-C, or start a second one: ./run --home OTHER --port OTHER",
            )
        self._end_leftover(before)
        self._check_port()
        mode = "demo" if self.demo else "local"
        self.home.record("mode", {"mode": mode})
        self._record()

    def _record(self, **more: object) -> None:
        """For the next start, which may have to name this one or to clean up after it."""
        self.home.record("product", {"port": self.port, "launcher": os.getpid(), **more})

    def _end_leftover(self, before: dict[str, object]) -> None:
        """Stop the web process of a launcher that was killed, if it still runs."""
        pid, birth = before.get("web"), before.get("birth")
        if isinstance(pid, int) and birth:
            processes.end_leftover(pid, signal.SIGTERM, lambda: processes.birth(pid) == birth, patience=8)

    def _check_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError as error:
                raise LauncherError(
                    f"port {self.port} cannot be used: {error.strerror}.",
                    f"stop the program that uses it, or take another port: ./run --port {self.port + 1}",
                ) from None

    def _prepare(self, servers: Servers) -> None:
        mode = "demo" if self.demo else "local"
        self.variables = django_environment(self.home, servers, mode=mode, port=self.port)
        self.home.record(
            "external", {name: os.environ[name] for name in EXTERNAL.values() if name in os.environ}
        )
        with self.steps.step("preparing the database"):
            self._manage("migrate", "--no-input")
        with self.steps.step("loading the reference data"):
            self._manage("load_reference")
        if self.demo:
            with self.steps.step("loading the demo data"):
                self._show("demo", "--if-empty")

    def _manage(self, *command: str) -> None:
        log = self.home.logs / f"{command[0]}.log"
        argv: list[str | Path] = [self.environment.python, self.checkout / "manage.py", *command]
        code = processes.run_logged(
            argv, log=log, env=self.variables, cwd=self.checkout, task=f"in {command[0]}"
        )
        if code != 0:
            raise LauncherError(
                f"manage.py {command[0]} failed (code {code}):\n{processes.tail(log)}",
                f"see the lines above and {log}; the data is as it was before this step",
            )

    def _show(self, *command: str) -> None:
        """A command whose output is for the user: the demo accounts."""
        argv: list[str | Path] = [self.environment.python, self.checkout / "manage.py", *command]
        process = subprocess.Popen(
            argv, env=self.variables, cwd=self.checkout, preexec_fn=processes.die_with_parent()
        )
        try:
            code = process.wait()
        finally:
            processes.end(process)
        if code != 0:
            raise LauncherError(
                f"manage.py {command[0]} failed (code {code}).",
                "see the lines above, or start without: ./run --no-demo",
            )

    def _start_web(self, servers: Servers) -> None:
        with self.steps.step("starting the web server"):
            self._run_web(servers)
        print(f"\nDayaq is ready: {address(self.port)}   (stop with Ctrl-C)", flush=True)

    def _run_web(self, servers: Servers) -> None:
        # fmt: off
        self.web = processes.start(
            [self.environment.python, "-m", "callcenter.serve", "--host", "127.0.0.1",
             "--port", str(self.port)],
            log=self.log, env=self.variables, cwd=self.checkout,
        )
        # fmt: on
        self._record(web=self.web.pid, birth=processes.birth(self.web.pid))
        self._wait_for_page(servers)
        self._record(web=self.web.pid, birth=processes.birth(self.web.pid), ready=True)

    def _wait_for_page(self, servers: Servers) -> None:
        begin, said = time.monotonic(), 10.0
        while not self._answers():
            self._check(servers)
            if time.monotonic() - begin > said:
                line(f"      still waiting for the first page, {said:.0f} s")
                said += 10
            if time.monotonic() - begin > PAGE_SECONDS:
                raise LauncherError(
                    f"the web server gave no page within {PAGE_SECONDS:.0f} s:\n{processes.tail(self.log)}",
                    f"see the lines above and {self.log}",
                )
            time.sleep(0.1)

    def _answers(self) -> bool:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(address(self.port) + "readyz", timeout=5) as response:
                return bool(response.status == 200)
        except (OSError, urllib.error.URLError, ValueError):
            return False

    def _watch(self, servers: Servers) -> None:
        while True:
            if self.web is not None and self.web.poll() is not None and self.patience.allows():
                line(f"dayaq: the web server ended by itself ({self.web.returncode}); starting it again ...")
                self._run_web(servers)
            self._check(servers)
            time.sleep(0.3)

    def _check(self, servers: Servers) -> None:
        if self.web is not None and self.web.poll() is not None:
            raise LauncherError(
                f"the web server ended by itself (code {self.web.returncode}):\n{processes.tail(self.log)}",
                f"see the lines above and {self.log}, then start again: committed data is kept",
            )
        servers.check()

    def _stop_web(self) -> None:
        if self.web is not None:
            processes.end(self.web)
