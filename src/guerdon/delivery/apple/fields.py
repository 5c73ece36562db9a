"""What a pass shows in words and numbers: fields, and the groups they stand in."""

from typing import Annotated, Literal

from guerdon.delivery.apple.semantics import Semantics
from guerdon.delivery.apple.shapes import (
    AnyText,
    CurrencyCode,
    FieldValue,
    Flag,
    PassPart,
    Text,
    Whole,
    number_between,
)

TextAlignment = Literal[
    "PKTextAlignmentLeft", "PKTextAlignmentCenter", "PKTextAlignmentRight", "PKTextAlignmentNatural"
]
DateStyle = Literal["PKDateStyleNone", "PKDateStyleShort", "PKDateStyleMedium", "PKDateStyleLong", "PKDateStyleFull"]
NumberStyle = Literal[
    "PKNumberStyleDecimal", "PKNumberStylePercent", "PKNumberStyleScientific", "PKNumberStyleSpellOut"
]
DataDetector = Literal[
    "PKDataDetectorTypePhoneNumber",
    "PKDataDetectorTypeLink",
    "PKDataDetectorTypeAddress",
    "PKDataDetectorTypeCalendarEvent",
]
TransitType = Literal[
    "PKTransitTypeAir", "PKTransitTypeBoat", "PKTransitTypeBus", "PKTransitTypeGeneric", "PKTransitTypeTrain"
]
Row = Annotated[Whole, number_between("row-out-of-range", "A row is 0 or 1.", low=0, high=1)]


class FieldContent(PassPart):
    """One field. `value` is a text, a number or a moment; a moment given as `datetime` must be aware."""

    key: Text
    value: FieldValue
    label: AnyText | None = None
    attributed_value: FieldValue | None = None
    change_message: Text | None = None
    text_alignment: TextAlignment | None = None
    date_style: DateStyle | None = None
    time_style: DateStyle | None = None
    is_relative: Flag | None = None
    ignores_time_zone: Flag | None = None
    number_style: NumberStyle | None = None
    currency_code: CurrencyCode | None = None
    data_detector_types: tuple[DataDetector, ...] | None = None
    semantics: Semantics | None = None


class AuxiliaryField(FieldContent):
    """A field of the auxiliary group, which event tickets may lay out in two rows."""

    row: Row | None = None


class Fields(PassPart):
    """The groups of fields of one style. `footer_fields` belong to posterGeneric alone."""

    header_fields: tuple[FieldContent, ...] | None = None
    primary_fields: tuple[FieldContent, ...] | None = None
    secondary_fields: tuple[FieldContent, ...] | None = None
    auxiliary_fields: tuple[AuxiliaryField, ...] | None = None
    back_fields: tuple[FieldContent, ...] | None = None
    additional_info_fields: tuple[FieldContent, ...] | None = None
    footer_fields: tuple[FieldContent, ...] | None = None


class BoardingFields(Fields):
    """The groups of a boarding pass, which must say what kind of transit it is."""

    transit_type: TransitType
