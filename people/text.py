"""The text rules of the desk: what may be stored, how it is counted, cased, searched and recognised.

Pure functions over strings: no Django, no database, no clock. The browser has the same rules in JavaScript,
and both are held to one corpus, `tests/corpus/text.yaml`.

Sources of the rules are named at each function. "Domain 8.4" is a section of the domain reference.
Two families of letter case live here and must not be mixed: Azerbaijani (`lower`, `upper`, `title`) for
words and names, invariant for codes (`fin`, `registration_number`).
"""

import unicodedata
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

import phonenumbers
import regex

LIMIT: Final = 1500
"""Longest application text, in user-perceived characters (the rule of the source form)."""

CODE_POINTS: Final = 6000
"""Longest stored text in code points: keeps a heap of combining marks from hiding inside `LIMIT`."""

MESSAGES: Final[Mapping[str, str]] = {
    "text_nul": "The text contains a NUL character.",
    "text_control": "The text contains a control character.",
    "text_surrogate": "The text contains half of a surrogate pair.",
    "text_bidi": "The text contains a character that reverses the reading direction.",
    "fin_length": "A FIN has 7 characters.",
    "fin_letters": "A FIN has digits and English letters only, without I and O.",
    "phone_length": "A phone number has 9 digits after the leading 0.",
    "phone_unknown": "This is not a known phone number.",
    "phone_short_code": "This is a short service code, not a person's phone number.",
}


class BadText(ValueError):
    """Text that breaks a rule of this module.

    `code` is stable and is what forms translate, `message` is an English sentence for logs, `position` counts
    code points from the start of the value as it was given, and is None when no single place is at fault.
    """

    def __init__(self, code: str, position: int | None = None) -> None:
        self.code = code
        self.message = MESSAGES[code]
        self.position = position
        super().__init__(self.message)


# What may be stored ---------------------------------------------------------------------------------------

# What the browser trims and what the browser calls \s. Spelled out, because Python's own idea of white space
# takes in control characters and leaves out U+FEFF.
WHITESPACE: Final = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)

_REFUSED = regex.compile(
    r"(?P<text_nul>\x00)"
    r"|(?P<text_control>[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f])"
    r"|(?P<text_surrogate>[\ud800-\udfff])"
    r"|(?P<text_bidi>[\u202a-\u202e\u2066-\u2069])"
)
_BREAK = regex.compile(r"\r\n?")
_SPACES = regex.compile(f"[{WHITESPACE}]+")
_GRAPHEME = regex.compile(r"\X")


def clean(value: str) -> str:
    """Text ready to be stored: NFC, lines ended by LF, nothing blank at either end.

    Refuses what PostgreSQL cannot hold (NUL, lone surrogates) and what lies to the reader (control characters
    other than tab and line ends, bidirectional overrides and isolates). Unicode UAX #9 and UAX #15.
    """
    if refused := _REFUSED.search(value):
        raise BadText(refused.lastgroup or "text_control", refused.start())
    return unicodedata.normalize("NFC", _BREAK.sub("\n", value)).strip(WHITESPACE)


def clean_line(value: str) -> str:
    """`clean` for one-line fields: every run of white space, line ends included, becomes one space."""
    return _SPACES.sub(" ", clean(value))


def graphemes(value: str) -> int:
    """How many characters a person sees: extended grapheme clusters after NFC (Unicode UAX #29).

    A line break counts as one, however it is written, as does an emoji family or a letter with its marks.
    """
    return len(_GRAPHEME.findall(unicodedata.normalize("NFC", value)))


def fits(value: str) -> bool:
    """Whether an application text is within both limits, of characters and of code points."""
    composed = unicodedata.normalize("NFC", _BREAK.sub("\n", value))
    return len(composed) <= CODE_POINTS and graphemes(composed) <= LIMIT


# Azerbaijani letter case ----------------------------------------------------------------------------------

_WORD = regex.compile(r"(\p{L})([\p{L}\p{M}'’ʼ]*)")


def _composed(value: str) -> str:
    """NFC, and i with the stray dot that wrong lower-casing makes of İ is i again (domain 8.1)."""
    return unicodedata.normalize("NFC", value).replace("i\u0307", "i")


def lower(value: str) -> str:
    """Azerbaijani lower case: I becomes ı and İ becomes i (CLDR, locale az; domain 8.1)."""
    return _composed(value).replace("İ", "i").replace("I", "ı").lower()


def upper(value: str) -> str:
    """Azerbaijani upper case: i becomes İ and ı becomes I (CLDR, locale az; domain 8.1)."""
    return _composed(value).replace("i", "İ").replace("ı", "I").upper()


def title(value: str) -> str:
    """A name with capitals: each word starts with one, also after a hyphen, the rest is lower case."""
    return _WORD.sub(lambda word: upper(word[1]) + lower(word[2]), _composed(value))


# Search keys ----------------------------------------------------------------------------------------------

# Azerbaijani Cyrillic (1939-1991) first, then what only Russian has, then the neighbours' letters that reach
# us in passports. Domain 8.3, `az_cyr_to_lat.yaml`.
_CYRILLIC_LETTERS: Final[Mapping[str, str]] = (
    dict(zip("абвгғдеәжзиыјйкҝлмноөпрстуүфхһчҹш", "abvqğdeəjziıyykglmnoöprstuüfxhçcş", strict=True))
    | {"э": "e", "ё": "yo", "ю": "yu", "я": "ya", "щ": "ş", "ц": "ts", "ь": "", "ъ": ""}
    | {"і": "i", "ї": "i", "є": "e", "ґ": "q", "ў": "u", "қ": "q", "ҳ": "h"}
)


def _with_marks(letters: Mapping[str, str]) -> dict[int, str]:
    """The table widened to ready-made letters with marks (ӂ, ѐ), so that no mark hides a Cyrillic letter."""
    table = {ord(letter): latin for letter, latin in letters.items()}
    for code in range(0x0400, 0x0530):
        base = unicodedata.normalize("NFD", chr(code))[0]
        if base in letters:
            table.setdefault(code, letters[base])
    return table


_CYRILLIC = _with_marks(_CYRILLIC_LETTERS)
_HIDDEN = regex.compile(r"\p{Cf}+")
_MARKS = regex.compile(r"\p{M}+")
_APOSTROPHE = regex.compile(r"(?<=[\p{L}\p{M}])['’ʼ`´‘](?=\p{L})")
_NO_WORD = regex.compile(r"[^\p{L}\p{N}\p{M}]+")


def _exact(value: str) -> str:
    """The first key of domain 8.4: lower case, Latin, words parted by one space, Azerbaijani letters kept.

    An apostrophe inside a word is dropped, not a word's end: older spelling wrote Mə'mun for Məmun.
    """
    word = lower(_HIDDEN.sub("", value))
    word = _APOSTROPHE.sub("", word)
    word = word.replace("дж", "c").translate(_CYRILLIC)
    return _NO_WORD.sub(" ", word).strip()


def _unmarked(value: str) -> str:
    bare = _MARKS.sub("", unicodedata.normalize("NFD", value))
    return " ".join(unicodedata.normalize("NFC", bare).split())


_PLAIN = str.maketrans("əı", "ei")


def fold(value: str) -> str:
    """The search key for people who type without Azerbaijani letters (domain 8.4).

    Lower case by Azerbaijani rules, Cyrillic to Latin, ə to e and ı to i, every diacritic removed (ö o, ü u,
    ğ g, ç c, ş s), anything but letters and digits to a single space. Folding twice changes nothing.
    """
    return _unmarked(_exact(value)).translate(_PLAIN)


# Longest first: a shorter group must not eat part of a longer one.
_GROUPS: Final = (
    ("zadeh", "zade"),
    ("sch", "ş"),
    ("dzh", "c"),
    ("dj", "c"),
    ("zh", "j"),
    ("kh", "x"),
    ("gh", "ğ"),
    ("sh", "ş"),
    ("ch", "ç"),
    ("ts", "s"),
    ("yu", "ü"),
    ("ya", "ə"),
    ("ye", "e"),
    ("yo", "o"),
)
# Two classes of vowels, three of consonants whose spelling wanders between alphabets.
_SOUNDS = str.maketrans(
    "əaeoö" + "uüıiy" + "qgkxhğ" + "jcç" + "sşz" + "vfw",
    "aaaaa" + "iiiii" + "KKKKKK" + "CCC" + "SSS" + "VVV",
)
_TWICE = regex.compile(r"(.)\1+")
_ENDING = regex.compile(r"(?:[ia]Va?|(?<=SK)[ia])$")


_ORDER = {letter: place for place, letter in enumerate("abcçdeəfgğhxıijkqlmnoöprsştuüvyzw")}


def sort_key(value: str) -> tuple[int, ...]:
    """The order of the Azerbaijani alphabet; other signs by code point after it."""
    return tuple(_ORDER.get(letter, 100 + ord(letter)) for letter in lower(value))


def phon(value: str) -> str:
    """A rough key shared by the spellings of one name: Əliyev, Aliyev, Eliyeva, Алиев.

    For finding candidates only: different names may share a key, and people are never merged by it. Word by
    word: spelling groups of English and Russian transliteration, then classes of sounds, doubled letters
    once, and the endings that change with the sex of the bearer (-ov/-ova, -yev/-yeva, -ski/-skaya) made
    equal. Domain 8.4.
    """
    return " ".join(_sound(word) for word in _exact(value).split())


def _sound(word: str) -> str:
    for written, spoken in _GROUPS:
        word = word.replace(written, spoken)
    word = _unmarked(word.translate(_SOUNDS))
    word = _TWICE.sub(r"\1", word)
    return _ENDING.sub(lambda ending: "V" if "V" in ending[0] else "", word)


# Keys in the same places on three keyboards: Azerbaijani Latin, Russian, English (US). Plain, then shifted.
_AZ: Final = "qüertyuiopöğasdfghjklıəzxcvbnmçş." + "QÜERTYUİOPÖĞASDFGHJKLIƏZXCVBNMÇŞ,"
_RU: Final = "йцукенгшщзхъфывапролджэячсмитьбю." + "ЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮ,"
_EN: Final = "qwertyuiop[]asdfghjkl;'zxcvbnm,./" + 'QWERTYUIOP{}ASDFGHJKL:"ZXCVBNM<>?'
_LAYOUTS: Final = ((_RU, _AZ), (_EN, _AZ), (_AZ, _RU), (_EN, _RU))


def from_wrong_layout(value: str) -> list[str]:
    """What was meant, if the wrong keyboard layout was on: `Эдшнум` is `Əliyev` typed under Russian.

    Tries Azerbaijani meant under Russian and English, then Russian meant under Azerbaijani and English; a
    layout is considered only if it has every letter of the value. Most candidates are nonsense, so ask
    the search with them after the value itself has found nobody.
    """
    typed = unicodedata.normalize("NFC", value)
    letters = set(regex.findall(r"\p{L}", typed))
    meant = (
        typed.translate(str.maketrans(active, wanted))
        for active, wanted in _LAYOUTS
        if letters and letters <= set(active)
    )
    return [candidate for candidate in dict.fromkeys(meant) if candidate != typed]


# FIN ------------------------------------------------------------------------------------------------------

_FIN = regex.compile(r"[0-9A-HJ-NP-Z]{7}")
_NOT_FIN = regex.compile(r"[^0-9A-HJ-NP-Z]")
_ASCII_UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LOOK_ALIKE = str.maketrans("АВЕКМНРСТУХІЈЅавекмнрстухіјѕ", "ABEKMHPCTYXIJSABEKMHPCTYXIJS")
_GAPS = regex.compile(rf"[{WHITESPACE}\p{{Pd}}\p{{Cf}}]+")


def fin(value: str) -> str:
    """The personal identification number in its one written form, or `BadText`.

    Seven digits and English letters except I and O (domain 2.2); no check digit is known, so only the
    register can say whether it exists. Upper-cased by invariant rules and over a-z alone: Azerbaijani rules
    would make İ of i, and Unicode ones would let ß or ſ turn into letters.
    """
    code = unicodedata.normalize("NFC", value).strip(WHITESPACE).translate(_ASCII_UPPER)
    if len(code) != 7:
        raise BadText("fin_length")
    if wrong := _NOT_FIN.search(code):
        raise BadText("fin_letters", len(value) - len(value.lstrip(WHITESPACE)) + wrong.start())
    return code


def fin_suggestion(value: str) -> str | None:
    """The FIN that was probably meant, for the operator to read back and confirm; never to be stored unasked.

    İ, ı and I read as 1, O as 0, Cyrillic look-alikes as Latin, spaces and dashes fall out (domain 2.2).
    None when the value is a FIN already or cannot become one.
    """
    code = unicodedata.normalize("NFKC", value)
    code = _GAPS.sub("", code).translate(_LOOK_ALIKE)
    code = code.replace("ı", "I").replace("İ", "I").translate(_ASCII_UPPER)
    code = code.replace("О", "O").replace("о", "O").replace("I", "1").replace("O", "0")
    if not _FIN.fullmatch(code) or code == value.strip(WHITESPACE).translate(_ASCII_UPPER):
        return None
    return code


# Telephones -----------------------------------------------------------------------------------------------

_PHONE_NOISE = regex.compile(rf"[{WHITESPACE}\p{{Pd}}\p{{Cf}}\u2212()\[\]./_]+")
_PHONE_SHAPE = regex.compile(r"\+?[0-9]*")
_PHONE_LETTER = regex.compile(rf"[^{WHITESPACE}\p{{Nd}}\p{{Pd}}\p{{Cf}}\u2212()\[\]./_+＋*#]")


def _ascii_digits(value: str) -> str:
    """Every decimal digit of any script as 0-9."""
    return "".join(str(unicodedata.decimal(sign, sign)) for sign in value)


def phone(value: str) -> str:
    """The number in E.164, from any writing a person may use; `BadText` otherwise.

    Azerbaijan has nine digits after the trunk 0 (domain 2.3): `050 123 45 67`, `(050)123-45-67`,
    `+994 (0)50 …`, `00994…`, `994…`, `501234567`, and the Soviet trunk 8. Other countries need a plus or 00.
    Whether a prefix exists is asked of libphonenumber; the operator behind a prefix is never inferred,
    numbers are portable. Codes such as 103 and 9109 are not people's numbers.
    """
    written = value.strip(WHITESPACE)
    written = written[4:] if written[:4].lower() == "tel:" else written
    if letter := _PHONE_LETTER.search(written):
        raise BadText("phone_unknown", value.index(written) + letter.start())
    dialled = _PHONE_NOISE.sub("", _ascii_digits(written)).replace("＋", "+")
    if dialled.startswith(("*", "#")) or (3 <= len(dialled) <= 4 and dialled.isdigit()):
        raise BadText("phone_short_code")
    if not _PHONE_SHAPE.fullmatch(dialled):
        raise BadText("phone_unknown")
    number = _international(dialled)
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        raise BadText("phone_unknown") from None
    if not phonenumbers.is_valid_number(parsed):
        raise BadText("phone_unknown")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _international(dialled: str) -> str:
    """Plus, country code and national number; lengths are judged here, prefixes are not."""
    if dialled.startswith("00"):
        dialled = "+" + dialled[2:]
    if dialled.startswith("+") and not dialled.startswith("+994"):
        if not 8 <= len(dialled) - 1 <= 15:  # ITU-T E.164
            raise BadText("phone_length")
        return dialled
    national = dialled.removeprefix("+")
    if dialled.startswith("+994") or len(national) >= 12:
        national = national.removeprefix("994")
    if len(national) in (10, 11):
        national = national.removeprefix("8")
    if len(national) == 10:
        national = national.removeprefix("0")
    if len(national) != 9 or national.startswith("0"):
        raise BadText("phone_length")
    return "+994" + national


def phone_display(e164: str) -> str:
    """A stored number as people write it: `050 123 45 67`, `(012) 598 09 45`, abroad `+90 312 …`.

    A value that is no number comes back unchanged: showing must not fail.
    """
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164
    abroad = number.country_code != 994
    form = phonenumbers.PhoneNumberFormat.INTERNATIONAL if abroad else phonenumbers.PhoneNumberFormat.NATIONAL
    return phonenumbers.format_number(number, form)


# Registration numbers and the one search box --------------------------------------------------------------

# VET, its Cyrillic look, and the same three keys under the Russian layout.
_REGISTRATION = regex.compile(
    r"(?:(?:№|#|no|nömrə)[ .:]*)?"
    r"(?:(?P<prefix>vet|вет|муе)[ ./_-]*(?P<year>20[0-9]{2})[ ./_-]*(?P<serial>[0-9]{1,8})"
    r"|(?P<year>20[0-9]{2})[ ./_-]+(?P<serial>[0-9]{1,6}))"
)
_DASHES = regex.compile(r"[\p{Pd}\u2212]")


def registration_number(value: str) -> str | None:
    """`VET-2026-000123` from loose writing (`vet 2026 123`, `№2026-123`), None for anything else.

    Without `VET` the year and the serial must be parted, so that a run of digits stays a phone or a FIN.
    """
    written = _DASHES.sub("-", _HIDDEN.sub("", _ascii_digits(value)))
    written = _SPACES.sub(" ", written).strip().lower()
    found = _REGISTRATION.fullmatch(written)
    if found is None or int(found["serial"]) == 0:
        return None
    return f"VET-{found['year']}-{int(found['serial']):06}"


Kind = Literal["fin", "phone", "number", "name"]


class Query(NamedTuple):
    """What the search box was asked for, and the value in the form that is stored or indexed."""

    kind: Kind
    value: str


def kind_of_query(q: str) -> Query:
    """Tell what was typed into the one search box. Never fails.

    `number` is canonical, `fin` valid (look-alikes already read as what they look like), `phone` is E.164
    if it starts with a plus and otherwise the digits of a part of a number, `name` is folded. Seven bare
    letters are a name and seven bare digits a part of a phone, although either could be a FIN.
    """
    typed = q.strip(WHITESPACE)
    if number := registration_number(typed):
        return Query("number", number)
    if code := _fin_in(typed):
        return Query("fin", code)
    try:
        return Query("phone", phone(typed))
    except BadText:
        digits = _PHONE_NOISE.sub("", _ascii_digits(typed)).lstrip("+＋")
    if regex.fullmatch(r"[0-9]{4,15}", digits):
        return Query("phone", digits)
    return Query("name", fold(typed))


def _fin_in(typed: str) -> str | None:
    if not (regex.search(r"[0-9]", typed) and regex.search(r"\p{L}", typed)) or _SPACES.search(typed):
        return None
    try:
        return fin(typed)
    except BadText:
        return fin_suggestion(typed)
