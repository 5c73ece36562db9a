"""The bodies of the operations on stores."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, StringConstraints, WithJsonSchema, model_validator
from pydantic.functional_validators import AfterValidator

from guerdon.platform.wire import NO_NUL, Body, Exact, Instant, JsonValue, ShortText

STORE_ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
PLACES_MAX = 12  # after the point: a thousandth of a millimetre
TAGS_MAX = 20

StoreId = Annotated[str, StringConstraints(pattern=STORE_ID_PATTERN)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=NO_NUL)]


def _within(bound: int) -> AfterValidator:
    def check(value: Decimal) -> Decimal:
        exponent = value.normalize().as_tuple().exponent
        if abs(value) > bound or not isinstance(exponent, int) or exponent < -PLACES_MAX:
            raise ValueError(f"Give degrees between -{bound} and {bound}, at most {PLACES_MAX} places after the point.")
        return value

    return AfterValidator(check)


def _degrees(bound: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "number", "minimum": -bound, "maximum": bound})


Latitude = Annotated[Exact, _within(90), _degrees(90)]
Longitude = Annotated[Exact, _within(180), _degrees(180)]


class Address(Body):
    """Where letters go; every part is optional."""

    street: ShortText | None = None
    postal_code: ShortText | None = None
    city: ShortText | None = None
    region: ShortText | None = None
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None


class StoreBody(Body):
    """A store as it is to be; what is left out is empty."""

    name: ShortText
    address: Address = Address()
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    opening_hours: (
        Annotated[dict[ShortText, JsonValue], Field(max_length=50, json_schema_extra={"additionalProperties": False})]
        | None
    ) = None
    tags: Annotated[list[Tag], Field(max_length=TAGS_MAX)] = []  # noqa: RUF012 (frozen)
    enabled: bool = True

    @model_validator(mode="after")
    def _both_coordinates_or_none(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("Give latitude and longitude together.")
        return self


class NewStore(StoreBody):
    """A store to be created; without `id` it gets one."""

    id: StoreId | None = None


class StoreDocument(Body):
    """A store as it stands."""

    id: str
    name: str
    address: Address
    latitude: Latitude | None
    longitude: Longitude | None
    opening_hours: dict[str, JsonValue] | None
    tags: list[str]
    enabled: bool
    creation_date: Instant
    last_update_date: Instant
