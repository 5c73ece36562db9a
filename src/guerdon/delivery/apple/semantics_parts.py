"""The small objects that semantic tags are made of."""

from guerdon.delivery.apple.shapes import (
    Colour,
    CurrencyCode,
    Flag,
    Latitude,
    Longitude,
    Moment,
    PassPart,
    Text,
)


class CurrencyAmount(PassPart):
    """An amount of money; `amount` is a text, so that no digit is lost."""

    amount: Text | None = None
    currency_code: CurrencyCode | None = None


class Place(PassPart):
    """A point on the map."""

    latitude: Latitude
    longitude: Longitude


class PersonName(PassPart):
    """The parts of a person's name."""

    given_name: Text | None = None
    family_name: Text | None = None
    middle_name: Text | None = None
    name_prefix: Text | None = None
    name_suffix: Text | None = None
    nickname: Text | None = None
    phonetic_representation: Text | None = None


class Seat(PassPart):
    """A seat at an event or on a journey; aisle, level and section colour show on poster tickets (iOS 18)."""

    seat_section: Text | None = None
    seat_row: Text | None = None
    seat_number: Text | None = None
    seat_identifier: Text | None = None
    seat_type: Text | None = None
    seat_description: Text | None = None
    seat_aisle: Text | None = None
    seat_level: Text | None = None
    seat_section_color: Colour | None = None


class WifiNetwork(PassPart):
    """A network the holder may join."""

    ssid: Text
    password: Text


class EventDateInfo(PassPart):
    """When an event begins, or that this is not known yet (iOS 18.1)."""

    date: Moment | None = None
    ignore_time_components: Flag | None = None
    time_zone: Text | None = None
    unannounced: Flag | None = None
    undetermined: Flag | None = None


class AirplayDevice(PassPart):
    """A device of a hotel room that the holder may play to."""

    airplay_device_group_token: Text | None = None
