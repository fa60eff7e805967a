"""`./run bench`: measurements on the home, and the fault rig, which needs none."""

from pathlib import Path
from typing import Any

import pytest
from launcher import cli
from launcher.cli import parse

from tests.launcher.conftest import StandIn

pytestmark = pytest.mark.launcher
RIG = "import json, os, sys; print(json.dumps([sys.argv[1:], os.getcwd()])); sys.exit(7)"


def test_a_measurement_is_a_management_command_of_the_home(
    monkeypatch: pytest.MonkeyPatch, place: Path
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(cli.tools, "manage", lambda *given, **named: seen.append(named["command"]) or 0)
    request = parse(["--home", str(place / "home"), "bench", "intake", "--json"])
    assert cli._run(request, cli.Home(place / "home")) == 0
    assert seen == [["bench", "intake", "--json"]]


def test_the_fault_rig_gets_its_arguments_and_gives_its_exit_code_and_no_home_is_made(
    stand_in: StandIn,
) -> None:
    (stand_in.checkout / "bench" / "faults").mkdir(parents=True)
    (stand_in.checkout / "bench" / "faults" / "__main__.py").write_text(RIG)
    elsewhere = stand_in.checkout.parent / "no-home"
    done = stand_in.run("--home", str(elsewhere), "bench", "faults", "--lane", "commit")
    assert done.returncode == 7, done.stderr
    assert done.stdout.strip() == f'[["--lane", "commit"], "{stand_in.checkout}"]'
    assert not elsewhere.exists()
