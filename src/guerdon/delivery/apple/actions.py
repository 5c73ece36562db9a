"""What the holder can do from the pass: featured actions and links."""

from typing import Annotated, Final, Literal

from guerdon.delivery.apple.shapes import Address, Email, PassPart, Text, WebAddress, list_must

FEATURED_ACTIONS_MAX: Final = 2

ActionType = Literal[
    "viewSchedule",
    "watchTrailer",
    "listenToMusic",
    "call",
    "place",
    "addToBalance",
    "order",
    "shop",
    "membershipBenefits",
    "bookAppointment",
    "bookCar",
    "bookFlight",
    "bookStay",
    "viewOffersRewards",
]


class FeaturedAction(PassPart):
    """A button on the pass (iOS 27); `place` names an Apple Maps place, all others an address."""

    identifier: Text
    type: ActionType
    url: Address | None = None
    place_identifier: Text | None = None


FeaturedActions = Annotated[
    tuple[FeaturedAction, ...],
    list_must(
        "featured-actions-too-many",
        "A pass has at most 2 featured actions.",
        lambda actions: len(actions) <= FEATURED_ACTIONS_MAX,
    ),
]


class EventLinks(PassPart):
    """Links of an event ticket's guide; two or more of them make it appear (iOS 18)."""

    accessibility_url: WebAddress | None = None
    add_on_url: WebAddress | None = None
    bag_policy_url: WebAddress | None = None
    contact_venue_email: Email | None = None
    contact_venue_phone_number: Text | None = None
    contact_venue_website: WebAddress | None = None
    directions_information_url: WebAddress | None = None
    merchandise_url: WebAddress | None = None
    order_food_url: WebAddress | None = None
    parking_information_url: WebAddress | None = None
    purchase_parking_url: WebAddress | None = None
    sell_url: WebAddress | None = None
    transfer_url: WebAddress | None = None
    transit_information_url: WebAddress | None = None


class AirlineLinks(PassPart):
    """Links and contacts of a semantic boarding pass (iOS 26)."""

    change_seat_url: WebAddress | None = None
    entertainment_url: WebAddress | None = None
    management_url: WebAddress | None = None
    purchase_additional_baggage_url: WebAddress | None = None
    purchase_lounge_access_url: WebAddress | None = None
    purchase_wifi_url: WebAddress | None = None
    register_service_animal_url: WebAddress | None = None
    report_lost_bag_url: WebAddress | None = None
    request_wheelchair_url: WebAddress | None = None
    upgrade_url: WebAddress | None = None
    transit_provider_email: Email | None = None
    transit_provider_phone_number: Text | None = None
    transit_provider_website_url: WebAddress | None = None
