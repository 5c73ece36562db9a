"""The sections of a pass type, each checked on its own."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Final, Literal, Self, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict, model_validator
from pydantic.alias_generators import to_camel

from guerdon.platform.wire import PLAIN

TEMPLATE_CHARACTERS_MAX = 8192
LANGUAGE_PATTERN = r"^[a-z]{2}(-[A-Z]{2})?$"
COLOR: Final = re.compile(r"#[0-9a-fA-F]{3}|#[0-9a-fA-F]{6}|rgb\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*\)", re.ASCII)
IMAGE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}\.(?:png|jpe?g|webp)", re.IGNORECASE)
NAME_PATTERN = r"^[a-z][a-z0-9-]{1,49}$"
NAME_RULE = "2 to 50 characters of a-z, 0-9 and '-', a letter first"
LAYOUT_DEFAULT = "card"
PRIVILEGES_SHOWN_DEFAULT = 5

Kind = Literal["customerCard", "eventTicket", "giftCard", "offer", "generic"]
Style = Literal["storeCard", "coupon", "generic", "eventTicket", "posterGeneric"]
FallbackStyle = Literal["storeCard", "coupon", "generic"]
Group = Literal["header", "primary", "secondary", "auxiliary", "back", "footer", "additionalInfo"]
ImageRole = Literal[
    "icon",
    "logo",
    "strip",
    "thumbnail",
    "background",
    "footer",
    "artwork",
    "primaryLogo",
    "secondaryLogo",
    "hero",
]
BarcodeFormat = Literal["qr", "pdf417", "aztec", "code128", "code39", "codabar", "ean13", "itf"]
Alignment = Literal["left", "center", "right", "natural"]
DateStyle = Literal["none", "short", "medium", "long", "full"]
NumberStyle = Literal["decimal", "percent", "scientific", "spellOut"]
Detector = Literal["phoneNumber", "link", "address", "calendarEvent"]
ActionType = Literal[
    "viewSchedule", "watchTrailer", "listenToMusic", "call", "place", "addToBalance", "order", "shop",
    "membershipBenefits", "bookAppointment", "bookCar", "bookFlight", "bookStay", "viewOffersRewards",
]  # fmt: skip


def as_text(value: object) -> object:
    """Read a number or a truth value where a text may stand."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | Decimal) else value


def as_languages(value: object) -> object:
    """Read one text where a table of languages may stand."""
    return {"default": value} if isinstance(value, str | int | Decimal) else value


def as_list(value: object) -> object:
    """Read one section where a list of sections may stand."""
    return (cast("object", value),) if isinstance(value, Mapping) else value


def _is_color(text: str) -> str:
    if "{" not in text and text and COLOR.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no colour; write #RRGGBB or rgb(r, g, b).")
    return text


def _says_what_changed(text: str) -> str:
    if text and "%@" not in text:
        raise ValueError("A change message needs %@, the place of the new value; without it phones show nothing.")
    return text


# A text that Liquid fills in; numbers and true/false may be written without quotes.
Template = Annotated[str, BeforeValidator(as_text), Field(max_length=TEMPLATE_CHARACTERS_MAX)]
ChangeMessage = Annotated[Template, AfterValidator(_says_what_changed)]
ColorTemplate = Annotated[Template, AfterValidator(_is_color)]
ByLanguage = Annotated[Mapping[str, Template], BeforeValidator(as_languages)]
Number = Annotated[Decimal, Strict(strict=False), Field(allow_inf_nan=False), PLAIN]
Language = Annotated[str, Field(pattern=LANGUAGE_PATTERN)]


class Part(BaseModel):
    """A section of a pass type: camelCase names, nothing unknown, never changed."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, alias_generator=to_camel)


class ColorSet(Part):
    """The colours of the card, each `#RRGGBB`, `rgb(r, g, b)` or a template that gives one."""

    background: ColorTemplate = "#ffffff"
    foreground: ColorTemplate = "#000000"
    label: ColorTemplate = ""


class BarcodeSpec(Part):
    """One code that a till or a gate reads."""

    format: BarcodeFormat = "qr"
    message: Template
    alt_text: Template = ""
    encoding: Literal["iso-8859-1", "utf-8"] | None = None


class FieldSpec(Part):
    """One field of the pass. A field whose value comes out empty is left out."""

    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    label: Template = ""
    value: Template
    change_message: ChangeMessage = ""
    alignment: Alignment | None = None
    date: DateStyle | None = None
    time: DateStyle | None = None
    relative: bool = False
    ignore_time_zone: bool = False
    number: NumberStyle | None = None
    currency: Template = ""
    detect: tuple[Detector, ...] | None = None
    link: Template = ""
    row: Annotated[int, Field(ge=0, le=1)] | None = None
    semantics: Mapping[str, object] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_way_to_print(self) -> Self:
        ways = [bool(self.date or self.time), self.number is not None, bool(self.currency)]
        if sum(ways) > 1:
            raise ValueError(
                "A field is a date, a number or an amount of money; give one of date/time, number, currency."
            )
        return self

    def is_date(self) -> bool:
        """Tell whether the phone prints the value as an instant."""
        return bool(self.date or self.time)

    def is_number(self) -> bool:
        """Tell whether the phone prints the value as a number or an amount."""
        return self.number is not None or bool(self.currency)


class FieldGroups(Part):
    """The fields by the place they have on the pass."""

    header: tuple[FieldSpec, ...] = ()
    primary: tuple[FieldSpec, ...] = ()
    secondary: tuple[FieldSpec, ...] = ()
    auxiliary: tuple[FieldSpec, ...] = ()
    back: tuple[FieldSpec, ...] = ()
    footer: tuple[FieldSpec, ...] = ()
    additional_info: tuple[FieldSpec, ...] = ()

    def of(self, group: Group) -> tuple[FieldSpec, ...]:
        """Give the fields of one group."""
        return self.additional_info if group == "additionalInfo" else getattr(self, group)


class LinkSpec(Part):
    """A link of the pass: on the back in Apple Wallet, in the details in Google Wallet."""

    title: Template
    url: Template


class LocationSpec(Part):
    """A place near which the phone offers the pass."""

    latitude: Annotated[Number, Field(ge=-90, le=90)]
    longitude: Annotated[Number, Field(ge=-180, le=180)]
    altitude: Number | None = None
    text: Template = ""


class StoresSpec(Part):
    """Which of the tenant's stores are places of the pass, after its own `locations`; ten in all.

    `all`: every enabled store; `tag`: those with `tag`; `metadata`: those that the pass's metadata names. The stores
    that its metadata names come first, the others by their ids.
    """

    among: Literal["all", "tag", "metadata"] = Field(default="all", alias="from")
    tag: Annotated[str, Field(max_length=50)] = ""
    metadata: Annotated[str, Field(min_length=1, max_length=100)] = "storeId"

    @model_validator(mode="after")
    def _tag_belongs_to_its_choice(self) -> Self:
        if bool(self.tag) != (self.among == "tag"):
            raise ValueError("`tag` belongs to `from: tag`, and that choice needs it.")
        return self


class RelevantDateSpec(Part):
    """An instant, or an interval, at which the phone offers the pass."""

    at: Template = ""
    since: Template = Field(default="", alias="from")
    until: Template = ""

    @model_validator(mode="after")
    def _instant_or_interval(self) -> Self:
        if bool(self.at) == bool(self.since or self.until) or bool(self.since) != bool(self.until):
            raise ValueError("Give either `at`, or both `from` and `until`.")
        return self


class Relevance(Part):
    """When and where the pass matters."""

    dates: Annotated[tuple[RelevantDateSpec, ...], Field(max_length=10)] = ()
    max_distance_m: Annotated[int, Field(ge=1, le=100_000)] | None = Field(default=None, alias="maxDistance")


class VoidedSpec(Part):
    """When the pass is void, and what it says then."""

    when: Template = ""
    label: Template = ""
    text: Template = ""
    hide_barcodes: bool = True


class PrivilegeField(Part):
    """How one privilege becomes a field; the templates see it as `item`."""

    label: Template = "{{ item.title }}"
    value: Template = "{{ item.value }}"
    change_message: ChangeMessage = ""
    number: NumberStyle | None = None
    currency: Template = ""
    alignment: Alignment | None = None


class PrivilegesSpec(Part):
    """How the pass shows the privileges of its holder."""

    shown: Annotated[int, Field(ge=0, le=20)] = PRIVILEGES_SHOWN_DEFAULT
    group: Group = "back"
    field: PrivilegeField = PrivilegeField()
    goal: Template = ""
    colors_from_top: bool = False


class IdentifierSpec(Part):
    """How somebody without a credential proves an identifier."""

    proof: Literal["none", "hmac", "secret", "allowList"] = "none"
    allow_list: Annotated[tuple[Template, ...], Field(max_length=1000)] = ()

    @model_validator(mode="after")
    def _list_belongs_to_its_proof(self) -> Self:
        if bool(self.allow_list) != (self.proof == "allowList"):
            raise ValueError("`allowList` belongs to `proof: allowList`, and that proof needs it.")
        return self


class NfcSpec(Part):
    """What the phone tells an NFC reader; the certificate needs Apple's NFC entitlement."""

    message: Template
    encryption_public_key: Annotated[str, Field(max_length=1024)]
    requires_authentication: bool = False


class FeaturedAction(Part):
    """A button that iOS 27 shows beside the pass."""

    identifier: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    type: ActionType
    url: Template = ""
    place_identifier: Template = ""

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if bool(self.url) == bool(self.place_identifier):
            raise ValueError("Give either `url` or `placeIdentifier`.")
        if self.place_identifier and self.type != "place":
            raise ValueError("Only an action of type place has a `placeIdentifier`.")
        return self


class AppleSpec(Part):
    """What only Apple Wallet has."""

    style: Style | None = None
    fallback_style: FallbackStyle | None = None
    nfc: NfcSpec | None = None
    semantics: Mapping[str, object] = Field(default_factory=dict)
    featured_actions: Annotated[tuple[FeaturedAction, ...], Field(max_length=2)] = ()
    grouping_identifier: Template = ""
    sharing_prohibited: bool = False
    suppress_strip_shine: bool = True
    associated_store_identifiers: tuple[int, ...] = ()
    app_launch_url: Template = Field(default="", alias="appLaunchURL")
    extra: Mapping[str, object] = Field(default_factory=dict)
