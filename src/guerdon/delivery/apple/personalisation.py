"""Signing up for a rewards programme from the pass itself: `personalization.json` (NFC passes only)."""

from typing import Annotated, Final, Literal

from guerdon.delivery.apple.shapes import PassPart, Text, list_must

PERSONALISATION_FILE: Final = "personalization.json"

PersonalField = Literal[
    "PKPassPersonalizationFieldName",
    "PKPassPersonalizationFieldPostalCode",
    "PKPassPersonalizationFieldEmailAddress",
    "PKPassPersonalizationFieldPhoneNumber",
]


class Personalisation(PassPart):
    """What the sign-up asks for, and the words beside it."""

    description: Text
    required_personalization_fields: Annotated[
        tuple[PersonalField, ...],
        list_must(
            "personalisation-fields-malformed",
            "Ask for one to four different things.",
            lambda fields: bool(fields) and len(set(fields)) == len(fields),
        ),
    ]
    terms_and_conditions: Text | None = None
