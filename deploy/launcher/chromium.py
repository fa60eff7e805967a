"""A Chromium for the browser tests: the system's, or Debian's when we may install it."""

import os
import shutil
import subprocess

from launcher.environment import APT, apt_install
from launcher.say import line

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def runs(program: str) -> bool:
    """Some systems install a stub of that name, which only tells where to get the real one."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and "Chrom" in done.stdout


def installed() -> str | None:
    """The one named in CHROMIUM, else the first on PATH."""
    for name in (os.environ.get("CHROMIUM", ""), *NAMES):
        program = shutil.which(name) if name else None
        if program and runs(program):
            return program
    return None


def ensure() -> str | None:
    """Find or install one; None, with the remedy, when neither is possible."""
    if found := installed():
        return found
    if os.geteuid() == 0 and APT:
        line("dayaq: installing Debian's Chromium for the browser tests ...")
        if apt_install("chromium", "fonts-dejavu-core") and (found := installed()):
            return found
    line("dayaq: no Chromium: the browser tests will be skipped, each by name.")
    line("dayaq: to run them: apt-get install chromium (as root), or CHROMIUM=/path/to/chromium ./run test")
    return None
