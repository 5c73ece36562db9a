"""When and where a pass comes to the lock screen by itself."""

from typing import Annotated, Final

from guerdon.delivery.apple.shapes import (
    Identifier,
    Latitude,
    Longitude,
    Moment,
    PassPart,
    Real,
    Text,
    Whole,
    list_must,
    number_between,
    number_must,
)

LOCATIONS_MAX: Final = 10
BEACON_NUMBER_MAX: Final = 65_535

BeaconNumber = Annotated[
    Whole,
    number_between(
        "beacon-number-out-of-range",
        "Major and minor lie between 0 and 65535.",
        low=0,
        high=BEACON_NUMBER_MAX,
    ),
]


class Location(PassPart):
    """A place near which the pass is relevant."""

    latitude: Latitude
    longitude: Longitude
    altitude: Real | None = None
    relevant_text: Text | None = None


class Beacon(PassPart):
    """A Bluetooth beacon near which the pass is relevant."""

    proximity_uuid: Identifier
    major: BeaconNumber | None = None
    minor: BeaconNumber | None = None
    relevant_text: Text | None = None


class RelevantDate(PassPart):
    """A moment, or an interval with both ends.

    iOS 26 reads the moment from `date`, iOS 18 from `relevant_date`; `completing.py` writes both.
    """

    date: Moment | None = None
    relevant_date: Moment | None = None
    start_date: Moment | None = None
    end_date: Moment | None = None


Locations = Annotated[
    tuple[Location, ...],
    list_must("locations-too-many", "A pass has at most 10 locations.", lambda places: len(places) <= LOCATIONS_MAX),
]
Distance = Annotated[
    Real,
    number_must("distance-not-positive", "The distance is a number of metres above 0.", lambda metres: metres > 0),
]
