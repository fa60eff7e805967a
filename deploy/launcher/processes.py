"""Child processes that never outlive their parent, and the identity of processes from an earlier run."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from launcher import say

LINUX = sys.platform.startswith("linux")
LIBC = ctypes.CDLL(None) if LINUX else None
PR_SET_PDEATHSIG = 1
LOG_LIMIT = 10 * 1024 * 1024

Command = Sequence[str | Path]


class Stop(BaseException):
    """The user or the system asked the launcher to end (Ctrl-C, SIGTERM, a closed terminal)."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _raise_stop(number: int, _frame: object) -> None:
    raise Stop(number)


def stop_on_signals() -> None:
    """Turn the ending signals into one exception, so that a single `finally` cleans up.

    An ignored hangup stays ignored (nohup); an ignored Ctrl-C does not, because shells ignore it
    for every command in the background, and somebody may well send it there.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _raise_stop)


def ignore_signals() -> None:
    """Used while cleaning up: a second Ctrl-C must not leave servers behind; all waits there are bounded."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def die_with_parent(number: int = signal.SIGTERM) -> Callable[[], None]:
    """A function for the child: the kernel sends it `number` when the parent dies, even by kill -9."""
    parent = os.getpid()

    def prepare() -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_DFL)
        if LIBC is not None:
            LIBC.prctl(PR_SET_PDEATHSIG, number)
            if os.getppid() != parent:  # the parent died before the line above
                os._exit(1)

    return prepare


def open_log(path: Path) -> BinaryIO:
    """Append to a log; a big one is set aside first, so that two files of bounded size remain."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_name(path.name + ".1"))
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def tail(path: Path, count: int = 15) -> str:
    """The last lines of a log, indented, for an error message."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 20_000))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return "    (no log)"
    return "\n".join(f"    {each}" for each in lines[-count:]) or "    (the log is empty)"


def start(
    argv: Command,
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    death_signal: int = signal.SIGTERM,
) -> "subprocess.Popen[bytes]":
    """Start a server: output into its log, a session of its own (Ctrl-C must reach the launcher alone)."""
    with open_log(log) as output:
        return subprocess.Popen(
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=None if env is None else dict(env),
            cwd=cwd,
            start_new_session=True,
            preexec_fn=die_with_parent(death_signal),
        )


def run_logged(
    argv: Command, *, log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None, task: str
) -> int:
    """Run a command to its end with the output in a log; a line every ten seconds shows that it is alive."""
    process = start(argv, log=log, env=env, cwd=cwd)
    begin = time.monotonic()
    try:
        while True:
            try:
                return process.wait(10)
            except subprocess.TimeoutExpired:
                say.line(f"      still {task}, {time.monotonic() - begin:.0f} s")
    finally:
        end(process)


def foreground(argv: Command, *, env: Mapping[str, str], cwd: Path | None = None) -> int:
    """Run a command on the user's terminal and return its exit code; signals are handed on."""
    process = subprocess.Popen(
        [str(part) for part in argv], env=dict(env), cwd=cwd, preexec_fn=die_with_parent(signal.SIGTERM)
    )
    try:
        while True:
            try:
                code = process.wait()
                return code if code >= 0 else 128 - code
            except Stop as stop:
                if stop.number != signal.SIGINT or not sys.stdin.isatty():
                    process.send_signal(stop.number)  # a terminal sends Ctrl-C to the child by itself
    finally:
        end(process)


def end(process: "subprocess.Popen[bytes]", number: int = signal.SIGTERM, patience: float = 10) -> None:
    """Stop a child: politely, then by force."""
    if process.poll() is not None:
        return
    process.send_signal(number)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Patience:
    """How often something that ends by itself is started again: not more than so often within a minute."""

    TIMES, SECONDS = 3, 60.0

    def __init__(self) -> None:
        self._ended: list[float] = []

    def allows(self) -> bool:
        """It has ended once more: is it worth another start?"""
        now = time.monotonic()
        self._ended = [*(at for at in self._ended if now - at < self.SECONDS), now]
        return len(self._ended) <= self.TIMES


def birth(pid: int) -> str | None:
    """What tells a process from a later one with its number; None when it does not run or is a zombie."""
    if LINUX:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in "ZX" else fields[19]
    listing = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True)
    state, _, started = listing.stdout.strip().partition(" ")
    return None if not started or state.startswith("Z") else started.strip()


def works_in(pid: int, directory: Path) -> bool:
    """Is this a living process in that working directory? Database servers work in their data directory."""
    if birth(pid) is None:
        return False
    if not LINUX:
        command = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True
        ).stdout
        return str(directory) in command
    try:
        return Path(f"/proc/{pid}/cwd").resolve() == directory.resolve()
    except OSError:
        return False


def end_leftover(pid: int, number: int, alive: Callable[[], bool], patience: float = 15) -> None:
    """Stop a process of an earlier run: not our child, so it cannot be waited for, only watched."""
    for signal_number, seconds in ((number, patience), (signal.SIGKILL, 5.0)):
        if not alive():
            return
        try:
            os.kill(pid, signal_number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + seconds
        while alive() and time.monotonic() < deadline:
            time.sleep(0.05)
