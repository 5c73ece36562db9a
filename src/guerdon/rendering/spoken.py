"""Texts that know languages, and the filters that speak them: `localized`, `translated` and `date`."""

from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Final, cast

from liquid import RenderContext
from liquid.filter import with_context

from guerdon.rendering.dates import FORMAT_CHARACTERS_MAX, find_instant, find_zone, print_instant
from guerdon.rendering.model import LocalText
from guerdon.rendering.names import Names, Spoken

_NOW_WORDS: Final = frozenset({"now", "today"})


def spoken_filters() -> Mapping[str, Callable[..., object]]:
    """List the filters that depend on the language or the instant of the rendering, by name."""
    return {"localized": localized, "translated": translated, "date": dated}


@with_context
def localized(value: object, language: object = None, *, context: RenderContext) -> object:
    """Give the text of a language: of a privilege's title, or of `{value, values}` or `{en, de, …}` in data."""
    wanted = str(language) if language else _names(context).language()
    if isinstance(value, Spoken):
        return value.text.in_language(wanted)
    if not isinstance(value, Mapping):
        return value
    members = cast("Mapping[str, object]", value)
    values = members.get("values")
    translations = cast("Mapping[str, object]", values) if isinstance(values, Mapping) else members
    texts = {name: str(text) for name, text in translations.items() if isinstance(text, str)}
    return LocalText(str(members.get("value") or texts.get("default", "")), texts).in_language(wanted)


@with_context
def translated(value: object, *, context: RenderContext) -> object:
    """Give a text that stands in a template by the pass type's own table of translations."""
    return _names(context).translated(value) if isinstance(value, str) else value


@with_context
def dated(
    value: object, form: object = "%Y-%m-%d", zone: object = "UTC", language: object = None, *, context: RenderContext
) -> object:
    """Print an instant in a time zone; what is no instant is printed as it is."""
    here = find_zone(str(zone or "UTC"))
    names = _names(context)
    instant = names.present.ask() if value in _NOW_WORDS else find_instant(value, here)
    if instant is None:
        return value
    pattern = str(form)[:FORMAT_CHARACTERS_MAX]
    try:
        return print_instant(instant.astimezone(here), pattern, str(language) if language else names.language())
    except OverflowError:  # the first or the last day of the calendar, moved beyond it by the zone
        return print_instant(instant.astimezone(UTC), pattern, "en")


def _names(context: RenderContext) -> Names:
    return cast("Names", context.globals)
