"""Installations of passes: the device that holds one, the counts of a pass, and how its holder came to it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from urllib.parse import urlencode

Provider = Literal["apple", "google"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a holder found the pass, and with what."""

    tags: tuple[str, ...] = ()
    medium: str | None = None
    origin: str | None = None
    user_agent: str | None = None

    def document(self) -> dict[str, object]:
        """Give it as the events tell it."""
        members = {"medium": self.medium, "origin": self.origin, "userAgent": self.user_agent}
        return {"tags": list(self.tags), **{name: text for name, text in members.items() if text is not None}}

    def query(self) -> str:
        """Write it as query parameters, to be sent on with an address; empty when a link said nothing."""
        said = {"neo.src.tags": ",".join(self.tags), "neo.src.medium": self.medium, "neo.src.origin": self.origin}
        return urlencode({name: text for name, text in said.items() if text})


@dataclass(frozen=True, slots=True)
class Registration:
    """A device that holds a pass from now on; `source` when it is known, else the newest unclaimed download's."""

    provider: Provider
    device_id: str
    pass_id: str
    sealed_push_token: bytes | None = field(default=None, repr=False)
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A pass as its installations see it: what it is, and on how many devices."""

    pass_type: str
    identifiers_text: str
    apple_devices: int
    google_devices: int
    registrations_total: int
    voided_at: datetime | None

    def on_devices(self, provider: Provider, change: int, registrations: int) -> "Standing":
        """Count devices and registrations more or less."""
        apple = self.apple_devices + change * (provider == "apple")
        google = self.google_devices + change * (provider == "google")
        total = self.registrations_total + registrations
        return Standing(self.pass_type, self.identifiers_text, apple, google, total, self.voided_at)


@dataclass(frozen=True, slots=True)
class Installation:
    """What is known of one device and one pass; the source is JSON text."""

    source_text: str
    first_at: datetime
    removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class HeldPass:
    """A pass on a device under the name that its wallet knows it by, and where it stands."""

    serial_number: str
    revision: int
    updated_at: datetime
