"""The bodies of seed 001, word for word: names, limits, enums; every object refuses unknown members."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from guerdon.passes.notify_request import NotifyRequest, Translations
from guerdon.platform.wire import (
    Body,
    CorrelationId,
    Exact,
    Instant,
    Int32,
    LongText,
    NonZero,
    ShortText,
    Text,
    UriMember,
)

PrivilegeType = Literal["OneTime", "Unlimited", "MultiUse", "Unlockable"]
PrivilegeCategory = Literal["Other", "Gift", "Access", "AudioGuide"]
MovementId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
MOVEMENTS_MAX = 1_000
CATEGORIES_MAX = 20


class LocalizedString(Body):
    """A text in the primary language, with translations."""

    value: Text | None = None
    values: Translations | None = None


class PrivilegeOrigin(Body):
    """Where a privilege comes from in another system."""

    external_id: ShortText | None = None
    generator: ShortText | None = None
    process_id: ShortText | None = None


class PrivilegeContent(Body):
    """What a privilege says."""

    title: LocalizedString = LocalizedString()
    description: LocalizedString = LocalizedString()


class PrivilegeAppearance(Body):
    """How a privilege looks."""

    main_image_url: LocalizedString = LocalizedString()
    thumbnail_url: LocalizedString = LocalizedString()
    background_color: Text | None = None
    foreground_color: Text | None = None


class PrivilegeLink(Body):
    """One link with its title."""

    title: LocalizedString = LocalizedString()
    link: UriMember


class PrivilegeLinks(Body):
    """Where a privilege leads."""

    legal_information: PrivilegeLink | None = None
    call_to_action: PrivilegeLink | None = None


class PrivilegeMovement(Body):
    """One change of the value."""

    movement_id: MovementId
    date: Instant
    value: NonZero
    remarks: LongText | None = None


class PrivilegeData(Body):
    """The state of a privilege: the value is the sum of the movements."""

    value: Exact | None = None
    movements: Annotated[list[PrivilegeMovement], Field(max_length=MOVEMENTS_MAX)] = []  # noqa: RUF012 (frozen)
    content: LongText | None = None


class WriteOptionsBody(Body):
    """What goes with writing a privilege."""

    correlation_id: CorrelationId | None = None
    notification: NotifyRequest | None = None


class PrivilegeRequest(Body):
    """The members that creating and changing share."""

    external_id: ShortText | None = None
    priority: Int32 | None = None
    origin: PrivilegeOrigin | None = None
    categories: Annotated[list[PrivilegeCategory], Field(max_length=CATEGORIES_MAX)] | None = None
    content: PrivilegeContent | None = None
    appearance: PrivilegeAppearance | None = None
    links: PrivilegeLinks | None = None
    data: PrivilegeData = PrivilegeData()
    deletion_date: Instant | None = None
    options: WriteOptionsBody = WriteOptionsBody()


class InsertPrivilegeRequest(PrivilegeRequest):
    """A new privilege."""

    type: PrivilegeType


class PatchPrivilegeRequest(PrivilegeRequest):
    """Changes of a privilege, or a new one under the id of the path; what is not given stays, null clears."""

    type: PrivilegeType = "OneTime"


class ApplyMovementRequest(Body):
    """A movement, and what the caller believes the value to be before it."""

    old_value: Exact
    movement_value: NonZero
    remarks: LongText | None = None
    movement_id: MovementId | None = None


class MovementResponse(Body):
    """The id of the movement, the same one for every repeat."""

    movement_id: str


class PrivilegeCreated(Body):
    """The id of the new privilege."""

    privilege_id: str


class Privilege(Body):
    """A privilege with its state and history."""

    privilege_id: str
    type: PrivilegeType
    external_id: ShortText | None = None
    priority: Int32 | None = None
    origin: PrivilegeOrigin | None = None
    categories: list[PrivilegeCategory] | None = None
    content: PrivilegeContent | None = None
    appearance: PrivilegeAppearance | None = None
    links: PrivilegeLinks | None = None
    data: PrivilegeData | None = None
    deletion_date: Instant | None = None
