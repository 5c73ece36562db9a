"""What the API speaks of, as frozen dataclasses; values are Decimal, times are aware and in UTC.

The same descriptive classes stand in requests and in answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from guerdon_client.exact import ABSENT, Absent

PrivilegeType = Literal["OneTime", "Unlimited", "MultiUse", "Unlockable"]
PrivilegeCategory = Literal["Other", "Gift", "Access", "AudioGuide"]
Json = None | bool | int | Decimal | str | Sequence["Json"] | Mapping[str, "Json"]
Holder = str | Mapping[str, str]  # a pass by its id, or by identifiers that must all match one pass


@dataclass(frozen=True, slots=True)
class Receipt:
    """How a write went: `is_replayed` tells that it had happened before and its first answer came again."""

    request_id: str | None
    is_replayed: bool = False


@dataclass(frozen=True, slots=True)
class LocalizedText:
    """A text in the primary language, with translations by language code (`de`, `de-AT`)."""

    value: str | None = None
    values: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a privilege comes from in another system."""

    external_id: str | None = None
    generator: str | None = None
    process_id: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What a privilege says."""

    title: LocalizedText | None = None
    description: LocalizedText | None = None


@dataclass(frozen=True, slots=True)
class Appearance:
    """How a privilege looks."""

    main_image_url: LocalizedText | None = None
    thumbnail_url: LocalizedText | None = None
    background_color: str | None = None
    foreground_color: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """One link with its title."""

    link: str
    title: LocalizedText | None = None


@dataclass(frozen=True, slots=True)
class Links:
    """Where a privilege leads."""

    legal_information: Link | None = None
    call_to_action: Link | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """One change of a value, under an id that is new in the tenant."""

    movement_id: str
    date: datetime
    value: Decimal
    remarks: str | None = None


@dataclass(frozen=True, slots=True)
class NotificationOptions:
    """How a notification is sent."""

    update_data: bool = False
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """What the holder of the pass is told; one of the two texts is needed."""

    content: str | None = None
    localized_content: Mapping[str, str] | None = None
    options: NotificationOptions | None = None


@dataclass(frozen=True, slots=True)
class PrivilegeData:
    """The state of a new privilege: a value, or the movements that add up to it."""

    value: Decimal | int | None = None
    movements: Sequence[Movement] | None = None
    content: str | None = None


@dataclass(frozen=True, slots=True)
class DataContent:
    """The payload of a privilege; None clears it."""

    content: str | Absent | None = ABSENT


@dataclass(frozen=True, slots=True)
class PrivilegeOptions:
    """What goes with writing a privilege."""

    correlation_id: str | None = None
    notification: Notification | None = None


@dataclass(frozen=True, slots=True)
class NewPrivilege:
    """A privilege to be created."""

    type: PrivilegeType
    external_id: str | None = None
    priority: int | None = None
    origin: Origin | None = None
    categories: Sequence[PrivilegeCategory] | None = None
    content: Content | None = None
    appearance: Appearance | None = None
    links: Links | None = None
    data: PrivilegeData | None = None
    deletion_date: datetime | None = None
    options: PrivilegeOptions | None = None


@dataclass(frozen=True, slots=True)
class PrivilegeChange:
    """Changes of a privilege: what is ABSENT stays, None clears; a new id needs `type`."""

    type: PrivilegeType | Absent = ABSENT
    external_id: str | Absent | None = ABSENT
    priority: int | Absent | None = ABSENT
    origin: Origin | Absent | None = ABSENT
    categories: Sequence[PrivilegeCategory] | Absent | None = ABSENT
    content: Content | Absent | None = ABSENT
    appearance: Appearance | Absent | None = ABSENT
    links: Links | Absent | None = ABSENT
    data: DataContent | Absent = ABSENT
    deletion_date: datetime | Absent | None = ABSENT
    options: PrivilegeOptions | Absent = ABSENT


@dataclass(frozen=True, slots=True)
class Privilege:
    """A privilege with its value and its newest thousand movements.

    When it was read alone, `version` is there, and `is_cut` says that there are older movements: `iter_movements` walks
    through all of them.
    """

    privilege_id: str
    type: str
    value: Decimal
    movements: tuple[Movement, ...]
    external_id: str | None = None
    priority: int | None = None
    origin: Origin | None = None
    categories: tuple[str, ...] = ()
    content: Content | None = None
    appearance: Appearance | None = None
    links: Links | None = None
    data_content: str | None = None
    deletion_date: datetime | None = None
    version: int | None = None
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class PrivilegeCreated:
    """The id of a new privilege."""

    privilege_id: str
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class MovementApplied:
    """A durable movement; `version` is the one that it made."""

    movement_id: str
    version: int | None
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class PassCreated:
    """The id of the pass, new or existing."""

    pass_id: str
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class PassDocument:
    """The stored pass, without its secret; `revision` rises with every change that shows."""

    pass_id: str
    pass_type: str
    identifiers: Mapping[str, str]
    metadata: Mapping[str, Json]
    additional_data: Mapping[str, Json]
    revision: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ApplePass:
    """A signed `.pkpass`; `etag` names these very bytes."""

    content: bytes = field(repr=False)
    etag: str | None
    last_modified: datetime | None


@dataclass(frozen=True, slots=True)
class PassPreview:
    """What each wallet would show, and what is lost on which; `apple` and `google` are as the server draws them."""

    pass_id: str
    pass_type: str
    language: str
    languages: tuple[str, ...]
    is_voided: bool
    apple: Mapping[str, Json]
    google: Mapping[str, Json]
    privileges: tuple[Mapping[str, Json], ...]
    losses: tuple[Mapping[str, Json], ...]
    faults: tuple[Mapping[str, Json], ...]


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What may be told of a key."""

    key_id: str
    name: str
    prefix: str
    permissions: tuple[str, ...]
    is_enabled: bool
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    roles: tuple[str, ...] = ()
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class ApiKeyCreated:
    """A new key and its text, which is shown this once."""

    key: ApiKey
    text: str = field(repr=False)
    receipt: Receipt
