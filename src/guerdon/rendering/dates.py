"""Dates in templates: RFC 3339 in, any time zone and two ways of writing a format out."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from liquid.exceptions import FilterArgumentError

FORMAT_CHARACTERS_MAX = 200
SECONDS_MAX = 253_402_300_799  # the last second of the year 9999

_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?\s?([Zz]|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_PERCENT = re.compile(r"%([-0^])?([A-Za-z%])")
_LETTERS = re.compile(r"'[^']*'|\"[^\"]*\"|\\.|yyyy|yy|MMMM|MMM|MM|M|dddd|ddd|dd|d|HH|H|hh|h|mm|m|ss|s|tt|zzz")
_MONTHS: Final[Mapping[str, str]] = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
}
_DAYS: Final[Mapping[str, str]] = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
    "it": "lunedì martedì mercoledì giovedì venerdì sabato domenica",
    "nl": "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
    "pt": "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
}


def find_instant(value: object, zone: tzinfo = UTC) -> datetime | None:
    """Read RFC 3339, a date alone, or whole seconds since 1970; `None` when it is none of them.

    A date or time without an offset is meant in `zone`.
    """
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    if isinstance(value, date):
        return datetime.combine(value, time(), zone)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= SECONDS_MAX:
        return datetime.fromtimestamp(value, UTC)
    parts = _INSTANT.fullmatch(str(value).strip()) if isinstance(value, str) else None
    if parts is None:
        return None
    day, clock, fraction, offset = parts.groups()
    text = f"{day}T{clock or '00:00'}{'.' + fraction[:6].ljust(6, '0') if fraction and len(clock) > 5 else ''}"  # noqa: PLR2004 (HH:MM)
    try:
        found = datetime.fromisoformat(text + (offset or "").upper())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=zone)


def print_instant(instant: datetime, form: str, language: str) -> str:
    """Print an instant by a format: with `%` as in Liquid (`%d %B %Y`), else as in .NET (`dd MMMM yyyy`)."""
    if "%" in form:
        return _PERCENT.sub(lambda sign: _percent(sign, instant, language), form)
    return _LETTERS.sub(lambda letters: _letters(letters[0], instant, language), form)


def find_zone(name: str) -> tzinfo:
    """Find a time zone by its name, such as `Europe/Berlin`. Raises FilterArgumentError."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise FilterArgumentError(f"date: there is no time zone {name!r}", token=None) from error


def _percent(sign: re.Match[str], instant: datetime, language: str) -> str:
    flag, letter = sign.groups()
    printed = _NAMED_SIGNS[letter](instant, language) if letter in _NAMED_SIGNS else _SIGNS.get(letter)
    if printed is None:
        return sign[0]
    text = printed if isinstance(printed, str) else printed(instant)
    match flag:
        case "-":
            return text.lstrip("0 ") or "0"
        case "^":
            return text.upper()
        case _:
            return text


def _letters(letters: str, instant: datetime, language: str) -> str:
    if letters[0] in "'\"\\":
        return letters[1:].rstrip(letters[0]) if letters[0] != "\\" else letters[1:]
    if letters in _NAMED_LETTERS:
        return _NAMED_LETTERS[letters](instant, language)
    number = _NUMBERS[letters[0]](instant)
    if letters == "yyyy":
        return f"{number:04}"
    return f"{number % 100:02}" if len(letters) > 1 else str(number)


def _month(instant: datetime, language: str) -> str:
    return _MONTHS.get(language[:2], _MONTHS["en"]).split()[instant.month - 1]


def _day(instant: datetime, language: str) -> str:
    return _DAYS.get(language[:2], _DAYS["en"]).split()[instant.weekday()]


def _offset(instant: datetime) -> str:
    return instant.isoformat()[-6:] if instant.utcoffset() else "+00:00"


def _noon_hour(instant: datetime) -> int:
    return instant.hour % 12 or 12


def _half(instant: datetime) -> str:
    return "PM" if instant.hour >= 12 else "AM"  # noqa: PLR2004 (noon)


_SIGNS: Final[Mapping[str, Callable[[datetime], str]]] = {
    "Y": lambda at: f"{at.year:04}",
    "y": lambda at: f"{at.year % 100:02}",
    "m": lambda at: f"{at.month:02}",
    "d": lambda at: f"{at.day:02}",
    "e": lambda at: f"{at.day:2}",
    "j": lambda at: f"{at.timetuple().tm_yday:03}",
    "H": lambda at: f"{at.hour:02}",
    "I": lambda at: f"{_noon_hour(at):02}",
    "l": lambda at: f"{_noon_hour(at):2}",
    "M": lambda at: f"{at.minute:02}",
    "S": lambda at: f"{at.second:02}",
    "p": _half,
    "u": lambda at: str(at.isoweekday()),
    "w": lambda at: str(at.isoweekday() % 7),
    "V": lambda at: f"{at.isocalendar().week:02}",
    "F": lambda at: f"{at.year:04}-{at.month:02}-{at.day:02}",
    "T": lambda at: f"{at.hour:02}:{at.minute:02}:{at.second:02}",
    "R": lambda at: f"{at.hour:02}:{at.minute:02}",
    "s": lambda at: str(int(at.timestamp())),
    "z": lambda at: _offset(at).replace(":", ""),
    "Z": lambda at: at.tzname() or "",
    "%": lambda _at: "%",
}
_NAMED_SIGNS: Final[Mapping[str, Callable[[datetime, str], str]]] = {
    "B": _month,
    "b": lambda at, language: _month(at, language)[:3],
    "A": _day,
    "a": lambda at, language: _day(at, language)[:3],
}
_NAMED_LETTERS: Final[Mapping[str, Callable[[datetime, str], str]]] = {
    "MMMM": _month,
    "MMM": lambda at, language: _month(at, language)[:3],
    "dddd": _day,
    "ddd": lambda at, language: _day(at, language)[:3],
    "tt": lambda at, _language: _half(at),
    "zzz": lambda at, _language: _offset(at),
}
_NUMBERS: Final[Mapping[str, Callable[[datetime], int]]] = {
    "y": lambda at: at.year,
    "M": lambda at: at.month,
    "d": lambda at: at.day,
    "H": lambda at: at.hour,
    "h": _noon_hour,
    "m": lambda at: at.minute,
    "s": lambda at: at.second,
}
