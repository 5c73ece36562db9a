"""The whole `pass.json`, as iOS 27 reads it; what needs a newer system says so.

Every key, limit and constant is from Apple's pages and Apple's own builder as read in
`research/wallet-protocols.md` section 1.2. What depends on more than one key is checked by `rules.py`.
"""

from typing import Annotated, Final, Literal

from pydantic import Field, JsonValue

from guerdon.delivery.apple.actions import AirlineLinks, EventLinks, FeaturedActions
from guerdon.delivery.apple.barcodes import Barcode, Nfc
from guerdon.delivery.apple.fields import BoardingFields, Fields
from guerdon.delivery.apple.relevance import Beacon, Distance, Locations, RelevantDate
from guerdon.delivery.apple.semantics import Semantics
from guerdon.delivery.apple.shapes import (
    Address,
    AnyText,
    Colour,
    Flag,
    Moment,
    PassPart,
    Text,
    WebAddress,
    Whole,
    number_between,
    text_must,
)
from guerdon.delivery.apple.upcoming import UpcomingPass

CLASSIC_STYLES: Final = ("storeCard", "coupon", "generic", "eventTicket", "boardingPass")
POSTER_STYLE: Final = "posterGeneric"
STYLES: Final = (*CLASSIC_STYLES, POSTER_STYLE)
POSTER_FALLBACKS: Final = ("storeCard", "coupon", "generic")
TOKEN_LENGTH_MIN: Final = 16

StyleScheme = Literal["posterEventTicket", "eventTicket", "semanticBoardingPass", "boardingPass"]
Token = Annotated[
    AnyText,
    text_must(
        "token-too-short",
        "The authentication token has 16 characters or more.",
        lambda token: len(token) >= TOKEN_LENGTH_MIN,
    ),
]
FormatVersion = Annotated[
    Whole, number_between("format-version-not-one", "The format version is always 1.", low=1, high=1)
]


class PassIdentity(PassPart):
    """Which pass it is. The serial number with the pass type is its identity and never changes."""

    format_version: FormatVersion = 1
    pass_type_identifier: Text
    team_identifier: Text
    organization_name: Text
    serial_number: Text
    description: Text
    web_service_url: WebAddress | None = None
    authentication_token: Token | None = None


class PassStyles(PassPart):
    """The style's fields: one style, or `poster_generic` (iOS 27) with one fallback for older systems."""

    store_card: Fields | None = None
    coupon: Fields | None = None
    generic: Fields | None = None
    event_ticket: Fields | None = None
    boarding_pass: BoardingFields | None = None
    poster_generic: Fields | None = None
    preferred_style_schemes: tuple[StyleScheme, ...] | None = None


class PassLook(PassPart):
    """Colours and the words beside the logo; the last four show on poster tickets alone."""

    background_color: Colour | None = None
    foreground_color: Colour | None = None
    label_color: Colour | None = None
    strip_color: Colour | None = None
    logo_text: Text | None = None
    logo_symbol_name: Text | None = None
    suppress_strip_shine: Flag | None = None
    event_logo_text: Text | None = None
    footer_background_color: Colour | None = None
    suppress_header_darkening: Flag | None = None
    use_automatic_colors: Flag | None = None


class PassRelevance(PassPart):
    """When and where the pass offers itself, and how long it lives."""

    locations: Locations | None = None
    max_distance: Distance | None = None
    beacons: tuple[Beacon, ...] | None = None
    relevant_date: Moment | None = None
    relevant_dates: tuple[RelevantDate, ...] | None = None
    expiration_date: Moment | None = None
    voided: Flag | None = None


class PassDocument(PassIdentity, PassStyles, PassLook, PassRelevance, EventLinks, AirlineLinks):
    """One pass. Build it from Apple's names or from ours; it is written with Apple's."""

    barcodes: tuple[Barcode, ...] | None = None
    nfc: Nfc | None = None
    semantics: Semantics | None = None
    featured_actions: FeaturedActions | None = None
    upcoming_pass_information: tuple[UpcomingPass, ...] | None = None
    grouping_identifier: Text | None = None
    sharing_prohibited: Flag | None = None
    associated_store_identifiers: tuple[Whole, ...] | None = None
    auxiliary_store_identifiers: tuple[Whole, ...] | None = None
    app_launch_url: Address | None = Field(default=None, alias="appLaunchURL")
    user_info: dict[str, JsonValue] | list[JsonValue] | None = None

    def wire(self) -> dict[str, object]:
        """Give the members of the `pass.json`, with Apple's names and nothing that was not set."""
        return self.model_dump(by_alias=True, exclude_none=True)
