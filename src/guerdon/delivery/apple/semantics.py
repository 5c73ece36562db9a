"""Semantic tags: what a pass means, for the system to act on.

The tags of Apple's pages and of Apple's own builder together; where the two spell one tag differently, both
spellings are kept (`departureLocationTimeZone` and `departureAirportTimeZone`, for example).
"""

from typing import Literal

from guerdon.delivery.apple.semantics_parts import (
    AirplayDevice,
    CurrencyAmount,
    EventDateInfo,
    PersonName,
    Place,
    Seat,
    WifiNetwork,
)
from guerdon.delivery.apple.shapes import Flag, Moment, PassPart, Text, Whole

EventType = Literal[
    "PKEventTypeGeneric",
    "PKEventTypeLivePerformance",
    "PKEventTypeMovie",
    "PKEventTypeSports",
    "PKEventTypeConference",
    "PKEventTypeConvention",
    "PKEventTypeWorkshop",
    "PKEventTypeSocialGathering",
]
SecurityProgram = Literal[
    "PKTransitSecurityProgramTSAPreCheck",
    "PKTransitSecurityProgramTSAPreCheckTouchlessID",
    "PKTransitSecurityProgramOSS",
    "PKTransitSecurityProgramITI",
    "PKTransitSecurityProgramITD",
    "PKTransitSecurityProgramGlobalEntry",
    "PKTransitSecurityProgramCLEAR",
]
PassengerCapability = Literal[
    "PKPassengerCapabilityPreboarding",
    "PKPassengerCapabilityPriorityBoarding",
    "PKPassengerCapabilityCarryon",
    "PKPassengerCapabilityPersonalItem",
]


class EventTags(PassPart):
    """Tags of an event: what it is, when, and who plays."""

    event_name: Text | None = None
    event_type: EventType | None = None
    event_start_date: Moment | None = None
    event_start_date_info: EventDateInfo | None = None
    event_end_date: Moment | None = None
    event_live_message: Text | None = None
    attendee_name: Text | None = None
    admission_level: Text | None = None
    admission_level_abbreviation: Text | None = None
    additional_ticket_attributes: Text | None = None
    entrance_description: Text | None = None
    tailgating_allowed: Flag | None = None
    genre: Text | None = None
    performer_names: tuple[Text, ...] | None = None
    artist_ids: tuple[Text, ...] | None = None
    album_ids: tuple[Text, ...] | None = None
    playlist_ids: tuple[Text, ...] | None = None
    sport_name: Text | None = None
    league_name: Text | None = None
    league_abbreviation: Text | None = None
    home_team_name: Text | None = None
    home_team_location: Text | None = None
    home_team_abbreviation: Text | None = None
    away_team_name: Text | None = None
    away_team_location: Text | None = None
    away_team_abbreviation: Text | None = None


class VenueTags(PassPart):
    """Tags of the place of an event."""

    venue_name: Text | None = None
    venue_room: Text | None = None
    venue_region_name: Text | None = None
    venue_location: Place | None = None
    venue_phone_number: Text | None = None
    venue_entrance: Text | None = None
    venue_entrance_door: Text | None = None
    venue_entrance_gate: Text | None = None
    venue_entrance_portal: Text | None = None
    venue_open_date: Moment | None = None
    venue_close_date: Moment | None = None
    venue_doors_open_date: Moment | None = None
    venue_gates_open_date: Moment | None = None
    venue_box_office_open_date: Moment | None = None
    venue_fan_zone_open_date: Moment | None = None
    venue_parking_lots_open_date: Moment | None = None


class JourneyTags(PassPart):
    """Tags of a journey by any means of transit."""

    transit_provider: Text | None = None
    transit_status: Text | None = None
    transit_status_reason: Text | None = None
    vehicle_name: Text | None = None
    vehicle_number: Text | None = None
    vehicle_type: Text | None = None
    car_number: Text | None = None
    confirmation_number: Text | None = None
    boarding_group: Text | None = None
    boarding_zone: Text | None = None
    boarding_sequence_number: Text | None = None
    original_boarding_date: Moment | None = None
    original_departure_date: Moment | None = None
    original_arrival_date: Moment | None = None
    current_boarding_date: Moment | None = None
    current_departure_date: Moment | None = None
    current_arrival_date: Moment | None = None
    departure_location: Place | None = None
    departure_location_description: Text | None = None
    departure_location_time_zone: Text | None = None
    departure_city_name: Text | None = None
    departure_platform: Text | None = None
    departure_station_name: Text | None = None
    destination_location: Place | None = None
    destination_location_description: Text | None = None
    destination_location_time_zone: Text | None = None
    destination_city_name: Text | None = None
    destination_platform: Text | None = None
    destination_station_name: Text | None = None
    security_screening: Text | None = None
    departure_location_security_programs: tuple[SecurityProgram, ...] | None = None
    destination_location_security_programs: tuple[SecurityProgram, ...] | None = None


class PassengerTags(PassPart):
    """Tags of the person who travels."""

    passenger_name: PersonName | None = None
    passenger_capabilities: tuple[PassengerCapability, ...] | None = None
    passenger_eligible_security_programs: tuple[SecurityProgram, ...] | None = None
    passenger_airline_ssrs: tuple[Text, ...] | None = None
    passenger_information_ssrs: tuple[Text, ...] | None = None
    passenger_service_ssrs: tuple[Text, ...] | None = None
    membership_program_name: Text | None = None
    membership_program_number: Text | None = None
    membership_program_status: Text | None = None
    priority_status: Text | None = None
    ticket_fare_class: Text | None = None
    international_documents_are_verified: Flag | None = None
    international_documents_verified_declaration_name: Text | None = None


class FlightTags(PassPart):
    """Tags of a flight."""

    airline_code: Text | None = None
    flight_code: Text | None = None
    flight_number: Whole | None = None
    departure_airport_code: Text | None = None
    departure_airport_name: Text | None = None
    departure_airport_time_zone: Text | None = None
    departure_airport_security_programs: tuple[SecurityProgram, ...] | None = None
    departure_gate: Text | None = None
    departure_terminal: Text | None = None
    destination_airport_code: Text | None = None
    destination_airport_name: Text | None = None
    destination_airport_time_zone: Text | None = None
    destination_airport_security_programs: tuple[SecurityProgram, ...] | None = None
    destination_gate: Text | None = None
    destination_terminal: Text | None = None
    airline_lounge_place_id: Text | None = None
    lounge_place_ids: tuple[Text, ...] | None = None


class Semantics(EventTags, VenueTags, JourneyTags, PassengerTags, FlightTags):
    """All semantic tags; any of them may stand on a pass or on one field."""

    balance: CurrencyAmount | None = None
    total_price: CurrencyAmount | None = None
    seats: tuple[Seat, ...] | None = None
    duration: Whole | None = None
    silence_requested: Flag | None = None
    wifi_access: tuple[WifiNetwork, ...] | None = None
    airplay: tuple[AirplayDevice, ...] | None = None


class UpcomingSemantics(Semantics):
    """The tags of one future event of a multi-event ticket (iOS 26)."""

    venue_place_id: Text | None = None
