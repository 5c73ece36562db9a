"""The bodies of seed 001, word for word: names, limits, enums; every object refuses unknown members."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from guerdon.ledger.amounts import to_millionths
from guerdon.passes.notify_request import NotifyRequest, Translations
from guerdon.platform.wire import (
    AtMost,
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
from guerdon.privileges.errors import MOVES_NOTHING

PrivilegeType = Literal["OneTime", "Unlimited", "MultiUse", "Unlockable"]
PrivilegeCategory = Literal["Other", "Gift", "Access", "AudioGuide"]
MovementId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
PRIVILEGE_ID_PATTERN = r"^[^\x00-\x1f\x7f/]{1,200}$"
PrivilegeId = Annotated[str, StringConstraints(pattern=PRIVILEGE_ID_PATTERN)]
MOVEMENTS_MAX = 1_000
CATEGORIES_MAX = 20
ZERO_KIND = "zero_movement"


def _moving(value: Decimal) -> Decimal:
    if to_millionths(value) == 0:
        raise PydanticCustomError(ZERO_KIND, MOVES_NOTHING)
    return value


Moving = Annotated[NonZero, AfterValidator(_moving)]


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
    movement_value: Moving
    remarks: LongText | None = None
    movement_id: MovementId | None = None


class MovementResponse(Body):
    """The id of the movement, the same one for every repeat."""

    movement_id: str


class BulkMovement(ApplyMovementRequest):
    """One of many movements, with the privilege that it is on."""

    privilege_id: PrivilegeId


class BulkMovementsRequest(Body):
    """Movements in the order in which they are to be applied; several may be on one privilege.

    `allOrNothing`: where one is refused, none is applied.
    """

    movements: Annotated[list[BulkMovement], Field(min_length=1), AtMost(MOVEMENTS_MAX)]
    all_or_nothing: bool = False


class BulkMovementApplied(Body):
    """A movement that is durable: the version that it made of the privilege, and the value that it left.

    `replayed`: it was applied before, under its `movementId`, and nothing moved now.
    """

    privilege_id: str
    movement_id: str
    version: int
    value: Exact
    replayed: bool = False


class BulkMovementRefused(Body):
    """A movement that was refused: what the operation for one movement would have answered."""

    privilege_id: str
    problem: Annotated[dict[str, object], WithJsonSchema({"allOf": [{"$ref": "#/components/schemas/Problem"}]})]


class BulkMovementsResponse(Body):
    """What became of each movement, in the order of the request, and how many were applied and refused."""

    applied: int
    refused: int
    results: list[BulkMovementApplied | BulkMovementRefused]


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
