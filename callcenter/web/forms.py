"""Forms: they keep what was typed and show, at the right field, what the domain refuses.

Meaning is checked by the services alone, so that every door refuses alike and in the same words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.validators import ProhibitNullCharactersValidator
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from agencies.lifecycle import JoinPolicy
from events.errors import Invalid, Refusal
from people import text as rules
from people.models import Person
from people.services import SENTENCES, checked

Word = str | Promise
Choices = Sequence[tuple[Any, Any]]


class Line(forms.CharField):
    """A text exactly as it was typed: blanks and forbidden characters are the services' business."""

    def __init__(self, **options: Any) -> None:
        super().__init__(strip=False, **{"required": False, **options})
        self.validators = [
            rule for rule in self.validators if not isinstance(rule, ProhibitNullCharactersValidator)
        ]


class Heading(forms.HiddenInput):
    """A hidden value that is chosen elsewhere: the error summary leads to the place of choice."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def id_for_label(self, id_: str | None) -> str:
        return self.place


class Typed(forms.Form):
    """A form that loses nothing and can be told what the domain refused."""

    use_required_attribute = False

    def refuse(self, refusal: Refusal) -> None:
        """Put the sentences of a refusal at their fields, those without a field at the top."""
        self.is_valid()
        for field, sentences in refusal.errors.items():
            self.add_error(field if field in self.fields else None, [str(sentence) for sentence in sentences])
        if not refusal.errors:
            self.add_error(None, str(refusal.message))


class Seen(Typed):
    """A form that two may have open at once: it sends along what its fields showed when it was opened."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = "version" in self.data or kwargs.get("initial") is not None

    def seen(self) -> SafeString:
        """The hidden fields that tell one's own change from another's."""
        return mark_safe("".join(self[name].as_hidden(only_initial=True) for name in self.fields))  # noqa: S308


# Persons -------------------------------------------------------------------------------------------------

SEXES: Choices = [("f", _("Woman")), ("m", _("Man")), ("u", _("Not said"))]
LANGUAGES: Choices = [("az", "Azərbaycan"), ("ru", "Русский"), ("en", "English")]
DAYS = ("%d.%m.%Y", "%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d %m %Y")


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class PersonForm(Seen):
    """Everything the desk writes down about a person."""

    family_name = Line(label=_("Surname"), required=True, error_messages={"required": SENTENCES["required"]})
    given_name = Line(
        label=_("First name"), required=True, error_messages={"required": SENTENCES["required"]}
    )
    patronymic = Line(label=_("Father's name"), help_text=_("Without “oğlu” or “qızı”"))
    sex = forms.ChoiceField(
        label=_("Sex"), choices=SEXES, initial="u", required=False, widget=forms.RadioSelect
    )
    birth_date = forms.DateField(
        label=_("Date of birth"),
        required=False,
        input_formats=DAYS,
        widget=forms.DateInput(format="%d.%m.%Y", attrs={"inputmode": "numeric"}),
        help_text=_("Day, month, year: 09.03.1990"),
        error_messages={"invalid": _("This date cannot be read. Write day, month and year: 09.03.1990.")},
    )
    fin = Line(label="FİN", help_text=_("7 characters, digits and English letters"))
    phones = Line(label=_("Telephone numbers"), widget=_area(2), help_text=_("One number per line"))
    district = forms.ChoiceField(label=_("District"), required=False)
    address = Line(label=_("Address"))
    categories = forms.MultipleChoiceField(
        label=_("Category"), required=False, widget=forms.CheckboxSelectMultiple
    )
    language = forms.ChoiceField(
        label=_("Language"), choices=LANGUAGES, initial="az", required=False, widget=forms.RadioSelect
    )
    safety_note = Line(
        label=_("Caution when talking"),
        widget=_area(2),
        help_text=_("For example: do not call before 10:00, do not name the subject to the family"),
    )

    def __init__(self, *args: Any, districts: Choices, categories: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _field(self, "district").choices = [("", _("Not known")), *districts]
        _field(self, "categories").choices = categories

    def clean_fin(self) -> str:
        """Checked here as well, so that all that is wrong is told at once."""
        return self._told("fin", lambda value: checked("fin", rules.fin, value) if value else "")

    def clean_phones(self) -> str:
        return self._told(
            "phones", lambda value: [checked("phones", rules.phone, number) for number in numbers_in(value)]
        )

    def _told(self, name: str, check: Callable[[str], object]) -> str:
        """The value as typed; a refusal of the domain becomes the field's error."""
        typed: str = self.cleaned_data[name]
        try:
            check(typed)
        except Invalid as refusal:
            raise forms.ValidationError([str(line) for line in refusal.errors[name]]) from None
        return typed

    def values(self) -> dict[str, Any]:
        """What ``people.services`` takes."""
        data = self.cleaned_data
        return {
            **data,
            "fin": data["fin"] or None,
            "district": data["district"] or None,
            "sex": data["sex"] or "u",
            "language": data["language"] or "az",
            "phones": numbers_in(data["phones"]),
        }


def numbers_in(text: str) -> list[str]:
    """Telephone numbers written one per line or parted by commas."""
    return [part.strip() for part in text.replace(",", "\n").replace(";", "\n").splitlines() if part.strip()]


def shown(person: Person) -> dict[str, Any]:
    """The person's fields as the form shows them."""
    return {
        "family_name": person.family_name,
        "given_name": person.given_name,
        "patronymic": person.patronymic,
        "sex": person.sex,
        "birth_date": person.birth_date,
        "fin": person.fin or "",
        "phones": "\n".join(phone.display for phone in person.phones.all()),
        "district": person.district_id or "",
        "address": person.address,
        "categories": list(person.categories),
        "language": person.language,
        "safety_note": person.safety_note,
    }


def _field(form: forms.Form, name: str) -> Any:
    return form.fields[name]


# Applications --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """A fact that the rules ask for. Without options it is answered by a tick."""

    name: str
    label: Word
    options: tuple[tuple[Any, Word], ...] = ()

    @property
    def field(self) -> str:
        return f"fact_{self.name}"


class ApplicationForm(Typed):
    """One application: the citizen's words, the subject, and the facts that the rules ask for."""

    subtopic = Line(label=_("Subject"), widget=Heading("topic-h"))
    text = Line(
        label=_("Note of the conversation"), widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "true"})
    )
    unclear = forms.BooleanField(label=_("Unclear: let triage decide"), required=False)

    def __init__(
        self, *args: Any, questions: Iterable[Question] = (), against: Choices = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.questions = list(questions)
        for question in self.questions:
            self.fields[question.field] = _asked(question)
        if against:
            self.fields["complained_about"] = forms.ChoiceField(
                label=_("Complaint is about"), required=False, choices=[("", _("Not said")), *against]
            )

    @property
    def asked_choices(self) -> list[forms.BoundField]:
        """The questions with a list of answers."""
        named = [question.field for question in self.questions if question.options]
        return [self[name] for name in (*named, "complained_about") if name in self.fields]

    @property
    def asked_ticks(self) -> list[forms.BoundField]:
        """The questions that a tick answers."""
        return [self[question.field] for question in self.questions if not question.options]

    def facts(self) -> dict[str, Any]:
        """The answers as facts; what was not asked is absent, not false."""
        self.is_valid()
        data = self.cleaned_data
        answers = {question.name: data.get(question.field) for question in self.questions}
        # Not "in (None, False)": zero days of medicine are an answer.
        facts = {name: value for name, value in answers.items() if value is not None and value is not False}
        if data.get("unclear"):
            facts["unclear"] = True
        if data.get("complained_about"):
            facts["complained_about"] = data["complained_about"]
        return facts


def _asked(question: Question) -> forms.Field:
    if not question.options:
        return forms.BooleanField(label=str(question.label), required=False)
    return forms.TypedChoiceField(
        label=str(question.label),
        required=False,
        choices=[("", _("Not asked")), *((json.dumps(value), label) for value, label in question.options)],
        coerce=json.loads,
        empty_value=None,
    )


# Triage --------------------------------------------------------------------------------------------------

POLICIES: Choices = [
    (JoinPolicy.ALL.value, _("All have to answer")),
    (JoinPolicy.LEAD.value, _("The lead's answer is enough")),
    (JoinPolicy.ANY.value, _("One answer is enough")),
]


class TriageForm(Typed):
    """Where a person sends an application."""

    lead = forms.ChoiceField(label=_("Lead agency"), required=False)
    joint = forms.MultipleChoiceField(
        label=_("Joint agencies"), required=False, widget=forms.CheckboxSelectMultiple
    )
    more = forms.ChoiceField(label=_("One more joint agency"), required=False)
    policy = forms.ChoiceField(label=_("Closing condition"), choices=POLICIES, initial="all", required=False)
    text = Line(label=_("Why this agency"), widget=_area(3))

    def __init__(self, *args: Any, leads: Choices, joints: Choices, more: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _field(self, "more").choices = [("", _("None")), *more]
        _field(self, "lead").choices = [("", _("Choose an agency")), *leads]
        _field(self, "joint").choices = joints
