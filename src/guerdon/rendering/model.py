"""What a pass shows now, said once for every wallet: the neutral view, and what it is made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from guerdon.passes.pass_type_parts import (
    ActionType,
    Alignment,
    BarcodeFormat,
    DateStyle,
    Detector,
    FallbackStyle,
    Group,
    ImageRole,
    Kind,
    NumberStyle,
    Style,
)
from guerdon.rendering.colors import Colors
from guerdon.rendering.wallet_subject import WalletSubject

GROUPS: Final[tuple[Group, ...]] = (
    "header",
    "primary",
    "secondary",
    "auxiliary",
    "back",
    "footer",
    "additionalInfo",
)
NOTHING: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class PassSubject:
    """The pass that is drawn, with all that its templates may read."""

    id: str
    type: str
    tenant_id: str
    tenant_name: str
    created_at: datetime
    identifiers: Mapping[str, str] = field(default_factory=dict[str, str])
    metadata: Mapping[str, object] = field(default_factory=dict[str, object])
    additional_data: Mapping[str, object] = field(default_factory=dict[str, object])
    is_voided: bool = False
    places: tuple["Place", ...] = ()
    wallet: WalletSubject | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A store near which the phone offers the pass."""

    name: str
    latitude: Decimal
    longitude: Decimal


@dataclass(frozen=True, slots=True)
class LocalText:
    """A text given by a caller: the default, and translations by language tag."""

    value: str = ""
    values: Mapping[str, str] = field(default_factory=dict[str, str])

    def in_language(self, language: str) -> str:
        """Give the text for a language: exactly, then its base language, then the default."""
        return self.values.get(language) or self.values.get(language[:2]) or self.value


@dataclass(frozen=True, slots=True)
class SubjectLink:
    """A link of a privilege."""

    url: str
    title: LocalText = LocalText()


@dataclass(frozen=True, slots=True)
class PrivilegeSubject:
    """A privilege as it stands now, its value exact."""

    id: str
    type: str
    value: Decimal
    external_id: str | None = None
    priority: int | None = None
    categories: tuple[str, ...] = ()
    title: LocalText = LocalText()
    description: LocalText = LocalText()
    data_content: str | None = None
    deletion_date: datetime | None = None
    main_image_url: LocalText = LocalText()
    thumbnail_url: LocalText = LocalText()
    background_color: str | None = None
    foreground_color: str | None = None
    legal_information: SubjectLink | None = None
    call_to_action: SubjectLink | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the view: the default language, and the languages in which it differs."""

    default: str = ""
    translations: Mapping[str, str] = field(default_factory=dict[str, str])

    def in_language(self, language: str) -> str:
        """Give the text for a language: exactly, then its base language, then the default."""
        return self.translations.get(language, self.translations.get(language[:2], self.default))

    def __bool__(self) -> bool:
        return bool(self.default or self.translations)


@dataclass(frozen=True, slots=True)
class Barcode:
    """A code that a till or a gate reads; the message is the same in all languages."""

    format: BarcodeFormat
    message: str
    alt_text: Text
    encoding: str | None


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field. `value` is text; `number` or `instant` are given when the phone prints them itself."""

    key: str
    label: Text
    value: Text
    change_message: Text = Text()
    number: Decimal | None = None
    instant: str | None = None
    number_style: NumberStyle | None = None
    currency: str | None = None
    date_style: DateStyle | None = None
    time_style: DateStyle | None = None
    is_relative: bool = False
    ignores_time_zone: bool = False
    alignment: Alignment | None = None
    detect: tuple[Detector, ...] | None = None
    link: str | None = None
    row: int | None = None
    semantics: Mapping[str, object] = field(default_factory=dict[str, object])
    privilege_id: str | None = None


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link of the pass or of a privilege."""

    title: Text
    url: str


@dataclass(frozen=True, slots=True)
class PrivilegeView:
    """A privilege as the holder sees it; `progress` is 0 to 1 when there is a goal."""

    id: str
    type: str
    title: Text
    description: Text
    value: Decimal
    goal: Decimal | None
    ends_at: datetime | None
    thumbnail_url: Text
    call_to_action: LinkView | None
    legal_information: LinkView | None

    def progress(self) -> Decimal | None:
        """Tell how far the holder has come, 0 to 1; `None` without a goal."""
        if self.goal is None:
            return None
        return min(max(self.value / self.goal, Decimal(0)), Decimal(1))


@dataclass(frozen=True, slots=True)
class Location:
    """A place near which the phone offers the pass; degrees, metres."""

    latitude: Decimal
    longitude: Decimal
    altitude_m: Decimal | None
    text: Text


@dataclass(frozen=True, slots=True)
class RelevantDate:
    """An instant, or an interval when `until` is given."""

    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class NfcView:
    """What the phone tells an NFC reader."""

    message: str
    encryption_public_key: str
    requires_authentication: bool


@dataclass(frozen=True, slots=True)
class ActionView:
    """A button beside the pass; exactly one of the two targets is given."""

    identifier: str
    type: ActionType
    url: str
    place_identifier: str


@dataclass(frozen=True, slots=True)
class AppleView:
    """What only Apple Wallet has, with its templates filled in."""

    style: Style
    fallback_style: FallbackStyle | None
    nfc: NfcView | None
    semantics: Mapping[str, object]
    featured_actions: tuple[ActionView, ...]
    grouping_identifier: str
    sharing_prohibited: bool
    suppress_strip_shine: bool
    associated_store_identifiers: tuple[int, ...]
    app_launch_url: str
    extra: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Fault:
    """A template that could not be filled in from this pass's data; what it gives is left out."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class PassView:
    """All that a pass shows now; every delivery draws from this and from nothing else.

    `tells_time`: some text was made from the instant of the drawing, so that another instant may show another pass.
    """

    pass_id: str
    pass_type: str
    tenant_id: str
    kind: Kind
    layout: str
    language: str
    languages: tuple[str, ...]
    organization: Text
    description: Text
    logo_text: Text
    colors: Colors
    images: Mapping[ImageRole, Mapping[str, str]]
    barcodes: tuple[Barcode, ...]
    fields: Mapping[Group, tuple[FieldView, ...]]
    links: tuple[LinkView, ...]
    privileges: tuple[PrivilegeView, ...]
    locations: tuple[Location, ...]
    max_distance_m: int | None
    relevant_dates: tuple[RelevantDate, ...]
    expires_at: datetime | None
    is_voided: bool
    voided_text: Text
    apple: AppleView
    google: Mapping[str, object]
    faults: tuple[Fault, ...]
    tells_time: bool

    def image(self, role: ImageRole, language: str | None = None) -> str | None:
        """Name the tenant's image file for a role; a translated image before the common one."""
        files = self.images.get(role, NOTHING)
        return files.get(language or "") or files.get((language or "")[:2]) or files.get("default")

    def in_group(self, group: Group) -> tuple[FieldView, ...]:
        """Give the fields of one group, in order."""
        return self.fields.get(group, ())
