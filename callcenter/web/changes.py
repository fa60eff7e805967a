"""Two people change one record: what each saw, what each wrote, and the choice between them."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from access.models import User

from .forms import Seen

JOINED = frozenset({"address", "safety_note", "phones", "alert"})


def clashes(form: Seen, now: dict[str, Any]) -> list[dict[str, Any]]:
    """Fields that both changed, and not to the same: what was there, theirs and mine, as shown."""
    found = []
    for name in form.changed_data:
        was, theirs, mine = _words(form, name, _seen(form, name)), _words(form, name, now[name]), ""
        mine = _words(form, name, form[name].value())
        if theirs not in (was, mine):
            label = form.fields[name].label
            found.append(
                {
                    "name": name,
                    "label": label,
                    "was": was,
                    "theirs": theirs,
                    "mine": mine,
                    "can_join": name in JOINED,
                }
            )
    return found


def carried(posted: QueryDict) -> list[tuple[str, str]]:
    """My values and what I had seen, to be sent along with the choice."""
    left_out = {"csrfmiddlewaretoken", "version"}
    return [
        (name, value)
        for name, values in posted.lists()
        if name not in left_out and not name.startswith("choice_")
        for value in values
    ]


def settled(posted: QueryDict, now: dict[str, Any]) -> QueryDict:
    """The form with the choices made: theirs where it was chosen, both joined, mine otherwise."""
    data = posted.copy()
    for name, value in now.items():
        choice = posted.get(f"choice_{name}")
        if choice == "theirs":
            _put(data, name, value)
            _put(data, f"initial-{name}", value)
        elif choice in ("mine", "both"):
            _put(data, f"initial-{name}", value)
            if choice == "both" and name in JOINED:
                parts = [str(value), posted.get(name, "")]
                data[name] = ("\n" if name == "phones" else "; ").join(part for part in parts if part)
    return data


def last_writer(record: Any) -> str:
    """Who changed a tracked record last, from its history."""
    newest = record.events.order_by("-pgh_id").select_related("pgh_context").first()
    context = newest.pgh_context if newest else None
    wrote = (context.metadata or {}).get("user") if context else None
    user = User.objects.filter(pk=wrote).first() if wrote else None
    return user.display if user else _("A colleague")


def _put(data: QueryDict, name: str, value: Any) -> None:
    if isinstance(value, list):
        data.setlist(name, value)
    else:
        data[name] = "" if value is None else str(value)


def _seen(form: Seen, name: str) -> Any:
    """What the field showed when the form was opened."""
    field = form.fields[name]
    return field.hidden_widget().value_from_datadict(form.data, form.files, form.add_initial_prefix(name))


def _words(form: Seen, name: str, value: Any) -> str:
    """A value as people read it: names for codes, lists in one line."""
    field: Any = form.fields[name]
    values = value if isinstance(value, list) else [value]
    names = dict(_flat(getattr(field, "choices", ())))
    return ", ".join(str(names.get(str(item), item)) for item in values if item not in (None, ""))


def _flat(choices: Any) -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for value, name in choices:
        if isinstance(name, (list, tuple)):
            flat += [(str(code), word) for code, word in name]
        else:
            flat.append((str(value), name))
    return flat
