"""A wrong row is named with its file, its code and a sentence, and then nothing at all is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from callcenter.reference import load

from .test_load import everything, folder, replace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reference")]

__all__ = ["folder"]

BREAKS = [
    ("agencies.yaml", "scope: sub, parent: MOH,", "scope: sub, parent: MOHX,",
     "agencies.yaml: MOH.SECT: parent: 'MOHX' is no agency or unit."),
    ("agencies.yaml", "{id: MLSPP.DOST, scope: sub, parent: MLSPP,",
     "{id: MLSPP.DOST, scope: sub, parent: MLSPP.VEM,",
     "agencies.yaml: MLSPP.DOST: The row is its own parent, over other rows."),
    ("agencies.yaml", "id: YASHAT, scope: in_system", "id: YASHAT, scope: nearby",
     "agencies.yaml: YASHAT: scope:"),
    ("agencies.yaml", "{id: POL,", "{id: OMB,", "agencies.yaml: OMB: This code is used twice."),
    ("agencies.yaml", 'abbr: "DSMF", health: false', 'abbr: "DSMF", health: maybe',
     "agencies.yaml: MLSPP.DSMF: health: “maybe” value must be either True or False."),
    ("agencies.yaml", 'abbr: "FHN"', 'abbr: "Fövqəladə Hallar Nazirliyi"',
     "agencies.yaml: MES: abbr: Ensure this value has at most 20 characters (it has 26)."),
    ("topics.yaml", "{id: PRO-NEW, lead: MLSPP.DTSERA,", "{id: PRO-NEW, lead: NOBODY,",
     "topics.yaml: PRO-NEW: lead: 'NOBODY' is no agency or unit."),
    ("topics.yaml", "with: [MOH.TRO, YASHAT], urg: P3", "with: [MOH.TRO, MOH.TRO, NO], urg: P3",
     "topics.yaml: PRO-NEW: with: False is no text; put it in quotes."),
    ("topics.yaml", "with: [YASHAT], urg: P2", "with: [MLSPP.DTSERA], urg: P2",
     "topics.yaml: PRO-REPAIR: The lead cannot stand among those it works with."),
    ("topics.yaml", 'res: "24 h"', 'res: "a day"',
     "topics.yaml: PSY-CRISIS: res: 'a day' is no target such as '8 wh' or '7 wd'."),
    ("topics.yaml", "need: [ID, CONS, PREF]", "need: [ID, CONSENT]",
     "topics.yaml: PSY-PTSD: need: 'CONSENT' is no document."),
    ("topics.yaml", "urg: P0", "urg: P9",
     "topics.yaml: PSY-CRISIS: urgency: Value 'P9' is not a valid choice."),
    ("topics.yaml", "- {id: REH-COURSE", "- {id: PSY-CRISIS",
     "topics.yaml: PSY-CRISIS: This code is used in PSY too."),
    ("topics.yaml", "keywords: [", "kewords: [",
     "topics.yaml: PSY-CRISIS: There is no field 'kewords' here."),
    ("documents.yaml", 'az: "Qablaşma: GTIN, seriya nömrəsi, partiya, son tarix"', 'az: ""',
     "documents.yaml: PACK: az: This field cannot be blank."),
    ("documents.yaml", "mark: D}", "mark: X}",
     "documents.yaml: ID: The mark has to begin with S:key, G or D."),
    ("regions.yaml", "{id: GA, kind: c", "{id: GA, kind: x",
     "regions.yaml: GA: kind: Value 'x' is not a valid choice."),
    ("regions.yaml", "{id: TAR, ", "{id: BA, ", "regions.yaml: BA: This code is used in ER01 too."),
    ("regions.yaml", 'az: "Qarabağ"', 'az: "Karabağ"',
     "baku_districts.yaml: Karabağ: psych_catchment has to name exactly the regions of regions.yaml."),
    ("categories.yaml", "{id: VET,", "{id: \"müharibə\",", "categories.yaml: müharibə: A row needs an id"),
    ("reasons.yaml", "id: policy_met", "id: policy_fulfilled",
     "reasons.yaml: policy_met: The product writes this reason itself; it has to stand under cancelled."),
    ("reasons.yaml", "id: failed_not_eligible", "id: not_eligible",
     "reasons.yaml: not_eligible: This code is used twice."),
    ("reasons.yaml", "on_hold:", "paused:", "reasons.yaml: paused: There is no such group;"),
    ("dispositions.yaml", "next: retry", "nxt: retry",
     "dispositions.yaml: no_answer: There is no field 'nxt' here."),
    ("calendar.yaml", "working_days: 241", "working_days: 240",
     "calendar.yaml: 2026 working_days: It says 240, the lists give 241."),
    ("calendar.yaml", "mourning: [01-20]", "mourning: [02-30]",
     "calendar.yaml: 2024: not a day: 02-30 (mourning)"),
    ("calendar.yaml", "mourning: [01-20]", "mourning: [01-01]",
     "calendar.yaml: 2024-01-01 both a holiday and a day of mourning"),
    ("calendar.yaml", "shortened:", "short:", "calendar.yaml: 2026: unknown short"),
    ("documents.yaml", "- {id: ID,", "- {id: ID: ID,", "documents.yaml: This is not YAML:"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "said"), BREAKS, ids=[said[:60] for *_, said in BREAKS])
def test_a_wrong_row_is_named_and_nothing_is_written(
    folder: Path, file: str, old: str, new: str, said: str
) -> None:
    replace(folder, "documents.yaml", "Kredit müqaviləsi", "Kredit sazişi")  # a change that must not arrive
    replace(folder, file, old, new)
    before = everything()
    report = load(folder)
    assert any(str(problem).startswith(said) for problem in report.problems), [
        str(p) for p in report.problems
    ]
    assert report.touched == 0
    assert everything() == before


def test_all_that_is_wrong_is_told_at_once_and_the_command_fails(folder: Path, capsys: Any) -> None:
    for file, old, new, _ in (BREAKS[0], BREAKS[10], BREAKS[24]):
        replace(folder, file, old, new)
    with pytest.raises(CommandError, match="3 wrong; nothing was written") as failure:
        call_command("load_reference", f"--from={folder}")
    assert failure.value.returncode == 1
    assert capsys.readouterr().err.splitlines() == [BREAKS[0][3], BREAKS[10][3], BREAKS[24][3]]


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "agencies.yaml").unlink()
    assert "agencies.yaml: The file cannot be read: No such file or directory." in map(
        str, load(folder).problems
    )


def test_an_emptied_file_does_not_switch_everything_off(folder: Path) -> None:
    (folder / "dispositions.yaml").write_text("# nothing\n", "utf-8")
    assert [problem.file for problem in load(folder).problems] == ["dispositions.yaml"]
