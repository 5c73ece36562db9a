"""Sample passes of a pass type, with made-up data wherever its templates look for some."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, cast
from uuid import UUID

from guerdon.passes.pass_type import PassType
from guerdon.rendering.model import LocalText, PassSubject, PassView, PrivilegeSubject
from guerdon.rendering.view import render_view
from guerdon.rendering.wallet_subject import CouponSubject, ExpiringSubject, WalletSubject

# What a template may expect: a number, an article code with its check digit, an instant, an address, a currency.
VALUES: Final = ("42", "4006381333931", "2031-05-17T09:30:00Z", "https://www.example.org/sample", "EUR")
PASS_IDS: Final = tuple(f"8QpZ3vX1nB7kT5mWc2Ra{letter}" for letter in "ABCDE")
NAMES_MAX: Final = 500
PRINTED: Final = "Sample"
_READ: Final = re.compile(
    r"""\b(identifiers|metadata|additionalData|privilege)((?:\.[A-Za-z_][\w-]*|\[\s*(?:'[^']*'|"[^"]*")\s*\])+)"""
)
_COUPON_READ: Final = re.compile(r"""\.(literals|data)(?:\.([A-Za-z_][\w-]*)|\[\s*(?:'([^']*)'|"([^"]*)")\s*\])""")
_STEP: Final = re.compile(r"""\.([A-Za-z_][\w-]*)|\[\s*(?:'([^']*)'|"([^"]*)")\s*\]""")


@dataclass(frozen=True, slots=True)
class Sample:
    """One made-up pass; no two samples share a value that a real pass would bring."""

    subject: PassSubject
    privileges: tuple[PrivilegeSubject, ...]


def samples(pass_type: PassType, now: datetime, tenant_id: str = "sample") -> tuple[Sample, ...]:
    """Make the samples of a pass type, the one that reads best in a preview first."""
    names = _names(pass_type)
    return tuple(
        _sample(pass_type, names, number, value, now, tenant_id) for number, value in enumerate(VALUES, start=1)
    )


def draw(pass_type: PassType, sample: Sample, now: datetime) -> PassView:
    """Draw a sample."""
    return render_view(pass_type, sample.subject, sample.privileges, now)


def field_keys(pass_type: PassType) -> set[str]:
    """Give the keys of all fields of a pass type."""
    return {field.key for _, fields in pass_type.fields for field in fields}


def with_values(pass_type: PassType, keys: Collection[str]) -> PassType:
    """Give a pass type whose fields of these keys print something on every pass."""
    groups = {
        group: tuple(field.model_copy(update={"value": PRINTED}) if field.key in keys else field for field in fields)
        for group, fields in pass_type.fields
    }
    return pass_type.model_copy(update={"fields": pass_type.fields.model_copy(update=groups)})


def _sample(
    pass_type: PassType, names: list[tuple[str, ...]], number: int, value: str, now: datetime, tenant_id: str
) -> Sample:
    data: dict[str, object] = {}
    for path in names:
        _put(data, path, value)
    given, identifiers = _members(data.get("identifiers")), dict.fromkeys(pass_type.identifiers, value)
    subject = PassSubject(
        id=PASS_IDS[number - 1],
        type=pass_type.name,
        tenant_id=tenant_id,
        tenant_name=f"Sample {number}",
        created_at=now,
        identifiers={**identifiers, **{name: str(text) for name, text in given.items()}},
        metadata=_members(data.get("metadata")),
        additional_data=_members(data.get("additionalData")),
        wallet=_wallet(pass_type, number, value, now),
    )
    external_ids = sorted(_members(data.get("privilege"))) or ["sample"]
    return Sample(subject, tuple(_privilege(name, number) for name in external_ids))


def _wallet(pass_type: PassType, number: int, value: str, now: datetime) -> WalletSubject:
    ends_at = now + timedelta(days=30 * number)
    amount = Decimal(10 * number)
    said: dict[str, dict[str, object]] = {"literals": {"title": f"Coupon {number}"}, "data": {}}
    for section, name in _coupon_names(pass_type):
        said[section].setdefault(name, value)
    coupon = CouponSubject(f"SAMPLE{number}", {"literals": said["literals"]}, said["data"], ends_at)
    expiring = (ExpiringSubject(amount, ends_at),)
    return WalletSubject(str(UUID(int=number)), 5 * amount, 4 * amount, amount, expiring, (coupon,))


def _coupon_names(pass_type: PassType) -> list[tuple[str, str]]:
    """List what templates look for in a coupon, whatever name it has in its loop."""
    texts = _texts(pass_type.model_dump())
    found = {(read[1], read[2] or read[3] or read[4]) for text in texts for read in _COUPON_READ.finditer(text)}
    return sorted(found)[:NAMES_MAX]


def _privilege(external_id: str, number: int) -> PrivilegeSubject:
    title = LocalText(f"{external_id} {number}")
    return PrivilegeSubject(
        f"{external_id}-{number}", "MultiUse", Decimal(number), external_id, title=title, description=title
    )


def _names(pass_type: PassType) -> list[tuple[str, ...]]:
    found = {
        (read[1], *(step[1] or step[2] or step[3] or "" for step in _STEP.finditer(read[2])))
        for text in _texts(pass_type.model_dump())
        for read in _READ.finditer(text)
    }
    # The longest last, so that a section is not written over by its own name.
    return sorted(found, key=lambda path: (len(path), path))[:NAMES_MAX]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for member in cast("Mapping[str, object]", value).values():
            yield from _texts(member)
    elif isinstance(value, list | tuple):
        for member in cast("list[object]", value):
            yield from _texts(member)


def _put(data: dict[str, object], path: tuple[str, ...], value: str) -> None:
    for step in path[:-1]:
        inner = data.get(step)
        if not isinstance(inner, dict):
            inner = data[step] = {}
        data = cast("dict[str, object]", inner)
    data[path[-1]] = value


def _members(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
