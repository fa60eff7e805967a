"""The promises as data: which target each clock has, what pauses it, what a breach does. Plain Python.

A policy is ``{"id", "when", "targets", "warn", "waits", "extensions", "on_warn", "on_breach"}``.
The first policy whose every condition holds counts; the last one has no condition, so that nobody
is without a promise. Targets are spelled as in ``arithmetic``, or ``resolve`` for the subject's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .arithmetic import TARGET, is_round_the_clock

PROMISES = ("first_answer", "resolution")
LEGAL = ("legal_answer", "legal_forward")
SHARES = ("accept", "first_action", "resolve")
MEASURES = (*PROMISES, *LEGAL, *SHARES)
NEEDED = ("resolution", "resolve")  # every application is promised an answer, every unit has a share
OF_SUBJECT = "resolve"  # the word for "what the subject's own row says"
CONDITIONS = ("priority", "topic", "subtopic", "resolve")
CRISIS, PRIORITIES = "P0", ("P0", "P1", "P2", "P3", "P4")
AT_ONCE = ("accept", "first_answer", "first_action")  # what a crisis is promised in minutes

NOTIFY, RAISE, TASK = "notify", "raise", "task"
CONSEQUENCES = (NOTIFY, RAISE, TASK)
OTHER = "other"  # the measures that are not named
PARTIES = ("citizen", "third")
BREACH = 100


class PolicyError(ValueError):
    """A policy cannot be right. ``code`` names the mistake, ``policy`` where it is."""

    def __init__(self, code: str, policy: str, what: str = "") -> None:
        super().__init__(f"{policy or 'policies'}: {code} {what}".rstrip())
        self.code, self.policy, self.what = code, policy, what


@dataclass(frozen=True)
class Wait:
    """What holding for one reason means: whose time it is, how long at most, and whether clocks pause."""

    party: str
    longest: str
    pauses: bool = False


@dataclass(frozen=True)
class Extension:
    """A legal ground for more time: the promise becomes ``to``, or ``add`` more; ``basis`` is the article."""

    to: str = ""
    add: str = ""
    basis: str = ""


@dataclass(frozen=True)
class Policy:
    """One policy, checked."""

    id: str
    when: Mapping[str, tuple[str, ...]]
    targets: Mapping[str, str]
    warn: tuple[int, ...]
    waits: Mapping[str, Wait]
    extensions: Mapping[str, Extension]
    on_warn: Mapping[str, tuple[str, ...]]
    on_breach: Mapping[str, tuple[str, ...]]

    @property
    def levels(self) -> tuple[int, ...]:
        """Per cent of the target at which something fires; the last one is the breach."""
        return (*self.warn, BREACH)

    @property
    def running(self) -> frozenset[str]:
        """Reasons to hold during which the promise runs on."""
        return frozenset(code for code, wait in self.waits.items() if not wait.pauses)

    def target(self, measure: str, resolve: str) -> str:
        """The target of a clock, empty when this policy has none; ``resolve`` is the subject's own."""
        target = self.targets.get(measure, "")
        return resolve if target == OF_SUBJECT else target

    def pauses(self, measure: str, reason: str) -> bool:
        """Does a wait for this reason stop the clock? The law's clocks never stop (Law 1308-IVQ, 10.1)."""
        return measure not in LEGAL and reason in self.waits and self.waits[reason].pauses

    def consequences(self, measure: str, level: int) -> tuple[str, ...]:
        """What a level of this measure leads to."""
        said = self.on_breach if level == BREACH else self.on_warn
        return said.get(measure, said.get(OTHER, ()))


@dataclass(frozen=True)
class Policies:
    """All policies of one version, in their order."""

    number: int
    policies: tuple[Policy, ...]

    def choose(self, facts: Mapping[str, str]) -> Policy:
        """The first policy that fits ``priority``, ``topic``, ``subtopic`` and ``resolve``."""
        return next(policy for policy in self.policies if _fits(policy, facts))

    def named(self, code: str) -> Policy:
        return next(policy for policy in self.policies if policy.id == code)


def _fits(policy: Policy, facts: Mapping[str, str]) -> bool:
    return all(facts.get(name) in wanted for name, wanted in policy.when.items())


def read(number: int, rows: Sequence[Mapping[str, Any]]) -> Policies:
    """Check the rows of a version. Raises ``PolicyError`` for the first mistake."""
    if not rows:
        raise PolicyError("no_policies", "")
    if not isinstance(rows, Sequence) or not all(isinstance(row, Mapping) for row in rows):
        raise PolicyError("not_readable", "")
    found = tuple(_policy(row) for row in rows)
    ids = [policy.id for policy in found]
    for policy in found:
        if ids.count(policy.id) > 1:
            raise PolicyError("twice", policy.id)
    for policy in found[:-1]:
        if not policy.when:
            raise PolicyError("hides_the_rest", policy.id)
    if found[-1].when:
        raise PolicyError("no_default", found[-1].id)
    known = Policies(number, found)
    _check_crisis(known.choose({"priority": CRISIS}))
    return known


def _check_crisis(policy: Policy) -> None:
    """A crisis runs round the clock and waits for nobody, whatever policy it falls under (4.1 [D])."""
    for measure in AT_ONCE:
        if not is_round_the_clock(policy.targets.get(measure, "1 wd")):
            raise PolicyError("crisis_sleeps", policy.id, measure)
    if any(wait.pauses for wait in policy.waits.values()):
        raise PolicyError("crisis_sleeps", policy.id, "waits")


_KEYS: Mapping[str, Any] = {
    **dict.fromkeys(("id", "mark"), str),
    **dict.fromkeys(("when", "targets", "waits", "extensions"), dict),
    "warn": list,
    **dict.fromkeys(("on_warn", "on_breach"), (list, dict)),
}


def _policy(row: Mapping[str, Any]) -> Policy:
    code = str(row.get("id") or "")
    if not code or len(code) > 40:
        raise PolicyError("no_id", code)
    for key, value in row.items():
        if key not in _KEYS:
            raise PolicyError("unknown_key", code, str(key))
        if value is not None and not isinstance(value, _KEYS[key]):
            raise PolicyError("not_readable", code, str(key))
    return Policy(
        id=code,
        when=_conditions(code, row.get("when") or {}),
        targets=_targets(code, row.get("targets") or {}),
        warn=_warnings(code, row.get("warn") or ()),
        waits={reason: _wait(code, reason, wait) for reason, wait in (row.get("waits") or {}).items()},
        extensions={name: _extension(code, name, it) for name, it in (row.get("extensions") or {}).items()},
        on_warn=_consequences(code, row.get("on_warn") or ()),
        on_breach=_consequences(code, row.get("on_breach") or ()),
    )


def _conditions(code: str, when: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    for name in when:
        if name not in CONDITIONS:
            raise PolicyError("unknown_condition", code, str(name))
    found = {
        name: tuple(map(str, wanted)) if isinstance(wanted, (list, tuple)) else (str(wanted),)
        for name, wanted in when.items()
    }
    for priority in found.get("priority", ()):
        if priority not in PRIORITIES:
            raise PolicyError("unknown_value", code, priority)
    return found


def _targets(code: str, targets: Mapping[str, Any]) -> dict[str, str]:
    for measure, target in targets.items():
        if measure not in MEASURES:
            raise PolicyError("unknown_measure", code, str(measure))
        if target != OF_SUBJECT:
            _check_target(code, target)
    for measure in NEEDED:
        if measure not in targets:
            raise PolicyError("no_target", code, measure)
    return dict(targets)


def _check_target(code: str, target: Any) -> None:
    """A target is an amount of time: "0 wd" would be broken before anybody could keep it."""
    if not isinstance(target, str) or not TARGET.fullmatch(target) or target.startswith("0"):
        raise PolicyError("not_a_target", code, str(target))


def _warnings(code: str, warn: Iterable[Any]) -> tuple[int, ...]:
    levels = tuple(warn)
    if any(not isinstance(level, int) or not 0 < level < BREACH for level in levels):
        raise PolicyError("not_a_level", code, str(list(levels)))
    if list(levels) != sorted(set(levels)) or not levels:
        raise PolicyError("levels_do_not_rise", code, str(list(levels)))
    return levels


def _wait(code: str, reason: str, wait: Mapping[str, Any]) -> Wait:
    if not isinstance(wait, Mapping) or set(wait) - {"party", "longest", "pauses"}:
        raise PolicyError("not_a_wait", code, reason)
    if wait.get("party") not in PARTIES:
        raise PolicyError("not_a_wait", code, reason)
    _check_target(code, wait.get("longest"))
    if wait.get("pauses") and wait["party"] != "citizen":
        raise PolicyError("pauses_for_another", code, reason)
    return Wait(wait["party"], wait["longest"], bool(wait.get("pauses")))


def _extension(code: str, name: str, extension: Mapping[str, Any]) -> Extension:
    if not isinstance(extension, Mapping):
        raise PolicyError("not_an_extension", code, name)
    spelled = [extension[key] for key in ("to", "add") if key in extension]
    if len(spelled) != 1 or not extension.get("basis") or set(extension) - {"to", "add", "basis"}:
        raise PolicyError("not_an_extension", code, name)
    _check_target(code, spelled[0])
    return Extension(extension.get("to", ""), extension.get("add", ""), str(extension["basis"]))


def _consequences(code: str, said: Any) -> dict[str, tuple[str, ...]]:
    """By measure, with ``other`` for those not named; a plain list is for all of them."""
    by_measure = said if isinstance(said, Mapping) else {OTHER: said}
    for measure, names in by_measure.items():
        if measure not in (*MEASURES, OTHER):
            raise PolicyError("unknown_measure", code, str(measure))
        for name in names if isinstance(names, list) else [names]:
            if name not in CONSEQUENCES:
                raise PolicyError("unknown_consequence", code, str(name))
    return {measure: tuple(names) for measure, names in by_measure.items()}
