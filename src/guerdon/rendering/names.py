"""The names that a template may read: the pass, its data, its privileges and points, the tenant, the instant."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, cast

from guerdon.platform.clock import rfc3339
from guerdon.rendering.model import LocalText, PassSubject, PrivilegeSubject, SubjectLink
from guerdon.rendering.numbers import Number, find_number
from guerdon.rendering.wallet_subject import coupon_items, points_item

DEPTH_MAX = 12
NAME_CHARACTERS_MAX = 500
VIEW_S_MAX = 1.0

Tables = Mapping[str, Mapping[str, str]]

_NOTHING: Final[Mapping[str, str]] = {}
_ASKED: Final = ("language", "now", "today")  # made when asked for, and it is remembered that they were


class Speech:
    """The language that is spoken now, and whether anybody asked for it."""

    __slots__ = ("language", "was_asked")

    def __init__(self, language: str) -> None:
        self.language = language
        self.was_asked = False

    def ask(self) -> str:
        """Tell the language, and remember that the text depends on it."""
        self.was_asked = True
        return self.language


class Present:
    """The instant of a rendering, and whether any text depends on it."""

    __slots__ = ("_now", "was_asked")

    def __init__(self, now: datetime) -> None:
        self._now = now
        self.was_asked = False

    def ask(self) -> datetime:
        """Tell the instant, and remember that a text depends on it."""
        self.was_asked = True
        return self._now


class Spoken:
    """A text in several languages that prints itself in the one that is spoken."""

    __slots__ = ("_speech", "text")

    def __init__(self, text: LocalText, speech: Speech) -> None:
        self.text = text
        self._speech = speech

    def __str__(self) -> str:
        return self.text.in_language(self._speech.ask()) if self.text.values else self.text.value

    def __eq__(self, other: object) -> bool:
        return str(self) == (str(other) if isinstance(other, Spoken | str) else other)

    def __hash__(self) -> int:
        return hash(str(self))


class Names(Mapping[str, object]):
    """The names of one rendering. What does not exist is simply not among them."""

    def __init__(
        self, members: Mapping[str, object], speech: Speech, tables: Tables, present: Present, deadline: float
    ) -> None:
        self._members = members
        self.speech = speech
        self.tables = tables
        self.present = present
        self.deadline = deadline

    def language(self) -> str:
        """Tell the language that is spoken."""
        return self.speech.ask()

    def with_item(self, item: object) -> "Names":
        """Give the same names and `item`, the privilege that is being shown."""
        return Names({**self._members, "item": item}, self.speech, self.tables, self.present, self.deadline)

    def translated(self, text: str) -> str:
        """Look a text up in the pass type's table of the language that is spoken; without one it stays."""
        return self.tables.get(self.speech.ask(), _NOTHING).get(text, text)

    def __getitem__(self, name: str) -> object:
        match name:
            case "language":
                return self.speech.ask()
            case "now":
                return rfc3339(self.present.ask())
            case "today":
                return rfc3339(self.present.ask())[:10]
            case _:
                return self._members[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*self._members, *_ASKED])

    def __len__(self) -> int:
        return len(self._members) + len(_ASKED)


def make_names(
    subject: PassSubject, privileges: Sequence[PrivilegeSubject], language: str, tables: Tables, now: datetime
) -> Names:
    """Gather what the templates of one pass may read, and give them one second of processor time together.

    `language` is the default one, `tables` hold the translations by language.
    """
    speech = Speech(language)
    items = [privilege_item(privilege, speech) for privilege in privileges]
    by_id: dict[str, object] = {
        privilege.external_id: item
        for privilege, item in zip(privileges, items, strict=True)
        if privilege.external_id is not None
    }
    by_id.update((privilege.id, item) for privilege, item in zip(privileges, items, strict=True))
    identifiers, metadata = settled(subject.identifiers), settled(subject.metadata)
    additional_data = settled(subject.additional_data)
    members: dict[str, object] = {
        "pass": {
            "id": subject.id,
            "type": subject.type,
            "identifiers": identifiers,
            "metadata": metadata,
            "additionalData": additional_data,
            "createdAt": rfc3339(subject.created_at),
            "voided": subject.is_voided,
        },
        "identifiers": identifiers,
        "metadata": metadata,
        "additionalData": additional_data,
        "privileges": items,
        "privilege": by_id,
        "points": None if subject.wallet is None else points_item(subject.wallet),
        "coupons": [] if subject.wallet is None else settled(coupon_items(subject.wallet)),
        "tenant": {"id": subject.tenant_id, "name": subject.tenant_name},
    }
    return Names(members, speech, tables, Present(now), time.thread_time() + VIEW_S_MAX)


def privilege_item(privilege: PrivilegeSubject, speech: Speech) -> Mapping[str, object]:
    """Give one privilege as templates see it."""
    return {
        "id": privilege.id,
        "externalId": privilege.external_id,
        "type": privilege.type,
        "title": Spoken(privilege.title, speech),
        "description": Spoken(privilege.description, speech),
        "value": Number(privilege.value),
        "priority": privilege.priority,
        "categories": list(privilege.categories),
        "data": {"value": Number(privilege.value), "content": privilege.data_content},
        "deletionDate": rfc3339(privilege.deletion_date) if privilege.deletion_date else None,
        "links": {
            "legalInformation": _link(privilege.legal_information, speech),
            "callToAction": _link(privilege.call_to_action, speech),
        },
        "appearance": {
            "mainImageUrl": Spoken(privilege.main_image_url, speech),
            "thumbnailUrl": Spoken(privilege.thumbnail_url, speech),
            "backgroundColor": privilege.background_color,
            "foregroundColor": privilege.foreground_color,
        },
    }


def settled(value: object, depth: int = 0) -> object:
    """Make a caller's JSON safe and exact: numbers become decimals, and what is too deep becomes nothing."""
    if depth == DEPTH_MAX:
        return None
    if isinstance(value, Mapping):
        members = cast("Mapping[object, object]", value)
        return {str(name): settled(member, depth + 1) for name, member in members.items()}
    if isinstance(value, list | tuple):
        return [settled(member, depth + 1) for member in cast("Sequence[object]", value)]
    if isinstance(value, float | Decimal):
        number = find_number(value)
        return None if number is None else Number(number)
    return value


def _link(link: SubjectLink | None, speech: Speech) -> Mapping[str, object] | None:
    return None if link is None else {"link": link.url, "title": Spoken(link.title, speech)}
