"""The future events of one ticket (iOS 26): `upcomingPassInformation`."""

import re
from typing import Annotated, Final, Literal

from pydantic import Field

from guerdon.delivery.apple.actions import EventLinks
from guerdon.delivery.apple.fields import FieldContent
from guerdon.delivery.apple.semantics import UpcomingSemantics
from guerdon.delivery.apple.shapes import (
    AnyText,
    Flag,
    Moment,
    PassPart,
    Real,
    Text,
    WebAddress,
    Whole,
    number_between,
    text_must,
)

UPCOMING_IMAGE_BYTES_MAX: Final = 2 * 1024 * 1024
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")

ImageAddress = Annotated[
    WebAddress,
    text_must(
        "upcoming-image-malformed",
        "Images are fetched by https:// alone.",
        lambda url: url.startswith("https://"),
    ),
]
ImageDigest = Annotated[
    AnyText,
    text_must(
        "upcoming-image-malformed",
        "Write the SHA-256 as 64 hexadecimal digits.",
        lambda text: bool(_SHA256.fullmatch(text)),
    ),
]
ImageSize = Annotated[
    Whole,
    number_between("upcoming-image-malformed", "An image has at most 2 MB.", low=1, high=UPCOMING_IMAGE_BYTES_MAX),
]


class UpcomingImageFile(PassPart):
    """One scale of an image that the phone fetches and checks."""

    url: ImageAddress = Field(alias="URL")
    sha256: ImageDigest = Field(alias="SHA256")
    scale: Real | None = None
    size: ImageSize | None = None


class UpcomingImage(PassPart):
    """An image in its scales, or the one that the pass has already."""

    urls: tuple[UpcomingImageFile, ...] | None = Field(default=None, alias="URLs")
    reuse_existing: Flag | None = None


class UpcomingImages(PassPart):
    """The images of one future event."""

    header_image: UpcomingImage | None = None
    venue_map: UpcomingImage | None = None


class UpcomingDate(PassPart):
    """When the event is, and how exactly that is known."""

    date: Moment
    ignore_time_components: Flag | None = None
    is_all_day: Flag | None = None
    is_unannounced: Flag | None = None
    is_undetermined: Flag | None = None
    time_zone: Text | None = None


class UpcomingPass(PassPart):
    """One future event of the ticket."""

    identifier: Text
    name: Text
    type: Literal["event"]
    date_information: UpcomingDate | None = None
    is_active: Flag | None = None
    semantics: UpcomingSemantics | None = None
    additional_info_fields: tuple[FieldContent, ...] | None = None
    back_fields: tuple[FieldContent, ...] | None = None
    auxiliary_store_identifiers: tuple[Whole, ...] | None = None
    images: UpcomingImages | None = None
    urls: EventLinks | None = Field(default=None, alias="URLs")
