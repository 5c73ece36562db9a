"""Passes and their identifiers."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import cast

import msgspec

PASS_ID = re.compile(r"[A-Za-z0-9_-]{5,50}")
RESERVED_IDS = frozenset(
    {
        "apple",
        "bulk-update",
        "findPass",
        "google",
        "import",
        "lookup",
        "notify",
        "privileges",
        "push-updates",
        "statistics",
        "usage",
    }
)
EVENT_CREATED, EVENT_UPDATED = "Pass:Created", "Pass:Updated"
EVENT_DELETED = "Pass:Deleted"

JsonObject = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass as it stands; the three documents are JSON text, `revision` rises with every change that shows."""

    pass_id: str
    pass_type: str
    sealed_secret: bytes
    identifiers_text: str
    metadata_text: str
    additional_data_text: str
    revision: int
    created_at: datetime
    updated_at: datetime
    voided_at: datetime | None = None  # deleted, and kept for a while so that phones learn of it

    @property
    def identifiers(self) -> Mapping[str, str]:
        """Names and values by which other systems know the pass."""
        return cast("Mapping[str, str]", msgspec.json.decode(self.identifiers_text))

    @property
    def metadata(self) -> JsonObject:
        """What segments and filters the pass."""
        return read_object(self.metadata_text)

    @property
    def additional_data(self) -> JsonObject:
        """What the templates of its type draw from."""
        return read_object(self.additional_data_text)


@dataclass(frozen=True, slots=True)
class ListedPass:
    """A pass as a list shows it: its documents as JSON text, and when it first came into each wallet."""

    pass_id: str
    pass_type: str
    sealed_secret: bytes
    identifiers_text: str
    metadata_text: str
    additional_data_text: str
    created_at: datetime
    updated_at: datetime
    apple_installed_at: datetime | None
    google_installed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Changes:
    """A partial document: members that are None stay, values that are None inside remove their key."""

    identifiers: Mapping[str, str | None] | None = None
    metadata: JsonObject | None = None
    additional_data: JsonObject | None = None
    pass_type: str | None = None


@dataclass(frozen=True, slots=True)
class Removed:
    """Names that go from every pass of a change of many."""

    metadata: Sequence[str] = ()
    additional_data: Sequence[str] = ()


def is_pass_id(text: str) -> bool:
    """Tell whether a text may be a pass id; literal path segments never are (WIRE.md section 1)."""
    return PASS_ID.fullmatch(text) is not None and text not in RESERVED_IDS


def merge(old: Mapping[str, object], changes: Mapping[str, object] | None) -> dict[str, object]:
    """Merge per key; None removes."""
    merged = {**old, **(changes or {})}
    return {key: value for key, value in merged.items() if value is not None}


def identity_of(pass_type: str, identifiers: Mapping[str, object]) -> bytes | None:
    """Give the digest of type and identifiers by which a repeated create finds its pass; None without identifiers."""
    if not identifiers:
        return None
    return hashlib.sha256(msgspec.json.encode([pass_type, sorted(identifiers.items())])).digest()


_decoder = msgspec.json.Decoder(dict[str, object], float_hook=Decimal)  # numbers stay as exact as they came
_encoder = msgspec.json.Encoder(decimal_format="number")


def read_object(text: str) -> dict[str, object]:
    """Read a stored JSON object."""
    return _decoder.decode(text)


def write_json(document: object) -> str:
    """Print a document as JSON text, decimals exactly as numbers."""
    return _encoder.encode(document).decode()
