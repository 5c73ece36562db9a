"""Filling in the templates of one pass: texts in every language, numbers, instants, colours, raw values."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, Self, cast

from guerdon.passes.pass_type import PassType
from guerdon.rendering.colors import Color, find_color
from guerdon.rendering.dates import find_instant
from guerdon.rendering.model import Fault, Text
from guerdon.rendering.names import Names
from guerdon.rendering.numbers import find_number
from guerdon.rendering.templates import TemplateFailed, TemplateInvalid, fill, is_template

FAULTS_MAX = 50
FALSE_WORDS: Final = frozenset({"", "false", "0", "no", "null"})


class Writer:
    """Fills in templates from one set of names; what cannot be filled in is left out and noted."""

    def __init__(
        self, language: str, tables: Mapping[str, Mapping[str, str]], names: Names, faults: list[Fault]
    ) -> None:
        self.language = language
        self.languages = (language, *tables)
        self.faults = faults
        self.speech = names.speech
        self.present = names.present
        self._names = names
        self._tables = tables
        self._known: dict[tuple[str, str], tuple[str, bool]] = {}

    @classmethod
    def of(cls, pass_type: PassType, names: Names) -> Self:
        """Make the writer of a pass: its default language, and the tables of the others."""
        _default, *others = pass_type.languages()
        tables = {language: pass_type.localization[language] for language in others}
        return cls(pass_type.language, tables, names, [])

    def with_item(self, item: object) -> "Writer":
        """Give a writer that also knows `item`; its faults are noted here."""
        return Writer(self.language, self._tables, self._names.with_item(item), self.faults)

    def text(self, source: str, path: str) -> Text:
        """Fill in a text in every language; only languages in which it differs are kept."""
        if not source:
            return Text()
        if not is_template(source):
            return Text(
                source, {language: table[source] for language, table in self._tables.items() if source in table}
            )
        speech = self.speech
        speech.language, speech.was_asked = self.language, False
        default = self._filled(source, path)
        translations: dict[str, str] = {}
        for language, table in self._tables.items():
            # A text that neither has a translation nor asked for the language is the same in all of them.
            if source in table or speech.was_asked:
                speech.language = language
                found = self._filled(table.get(source, source), path)
                if found != default:
                    translations[language] = found
        speech.language = self.language
        return Text(default, translations)

    def plain(self, source: str, path: str) -> str:
        """Fill in a text that is the same in all languages: a code, an address, an instant."""
        speech = self.speech
        speech.language = self.language
        return self._filled(source, path).strip()

    def number(self, source: str, path: str) -> Decimal | None:
        """Fill in a number; `None` when nothing is there."""
        text = self.plain(source, path)
        number = find_number(text)
        if text and number is None:
            self.note(path, f"{text[:40]!r} is no number.")
        return number

    def instant(self, source: str, path: str) -> datetime | None:
        """Fill in an instant; `None` when nothing is there."""
        text = self.plain(source, path)
        found = find_instant(text)
        if text and found is None:
            self.note(path, f"{text[:40]!r} is no instant such as 2027-01-31T18:00:00Z.")
        return found

    def is_true(self, source: str, path: str) -> bool:
        """Fill in a condition: nothing, `false`, `0` and `no` are false, all else is true."""
        return self.plain(source, path).lower() not in FALSE_WORDS

    def color(self, source: str | None, otherwise: Color, path: str) -> Color:
        """Fill in a colour, or give another one when it is missing or none."""
        text = self.plain(source or "", path)
        found = find_color(text)
        if text and found is None:
            self.note(path, f"{text[:40]!r} is no colour.")
        return found or otherwise

    def raw(self, value: object, path: str) -> object:
        """Fill in the texts inside a raw section, however deep they stand (the reader bounds the depth)."""
        if isinstance(value, str):
            return self.plain(value, path) if is_template(value) else value
        if isinstance(value, Mapping):
            members = cast("Mapping[str, object]", value)
            return {name: self.raw(member, f"{path}.{name}") for name, member in members.items()}
        if isinstance(value, tuple | list):
            return [self.raw(member, path) for member in cast("Sequence[object]", value)]
        return value

    def note(self, path: str, message: str) -> None:
        """Note what this pass's data did not allow."""
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(Fault(path, message))

    def _filled(self, source: str, path: str) -> str:
        if not is_template(source):
            return source
        # The names do not change while a pass is drawn, so a template that stands in several places,
        # such as a balance that is a text and a number, is filled in once for each language.
        speech = self.speech
        known = self._known.get((source, speech.language))
        if known is not None:
            text, asked = known
            speech.was_asked = speech.was_asked or asked
            return text
        asked_before, speech.was_asked = speech.was_asked, False
        try:
            text = fill(source, self._names)
        except (TemplateFailed, TemplateInvalid) as error:
            self.note(path, str(error))
            return ""
        self._known[source, speech.language] = text, speech.was_asked
        speech.was_asked = speech.was_asked or asked_before
        return text
