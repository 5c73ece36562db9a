"""What a pass type is: the design, the fields, the wording and the rules of one kind of pass.

PassTypeInvalid  400  the file of a pass type has mistakes; `errors` names every one with its line
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from guerdon.passes.pass_type_parts import (
    LAYOUT_DEFAULT,
    NAME_PATTERN,
    AppleSpec,
    BarcodeSpec,
    ByLanguage,
    ColorSet,
    FieldGroups,
    IdentifierSpec,
    ImageRole,
    Kind,
    Language,
    LinkSpec,
    LocationSpec,
    Number,
    Part,
    PrivilegesSpec,
    Relevance,
    StoresSpec,
    Style,
    Template,
    VoidedSpec,
    as_list,
)
from guerdon.passes.pass_type_text import Mistake
from guerdon.platform.problems import Problem

STYLE_OF_KIND: Final[Mapping[Kind, Style]] = {
    "customerCard": "storeCard",
    "giftCard": "storeCard",
    "offer": "coupon",
    "eventTicket": "eventTicket",
    "generic": "generic",
}

WALLET_DEFAULT: Final = "walletId"  # the identifier that names the wallet of points which a pass shows


class PassTypeInvalid(Problem):
    """The file of a pass type has mistakes; all of them are told at once."""

    status, code, title = 400, "pass_type_invalid", "The pass type is not valid"

    def __init__(self, name: str, mistakes: Iterable[Mistake]) -> None:
        self.name = name
        self.mistakes = tuple(mistakes)
        errors: dict[str, list[str]] = {}
        for mistake in self.mistakes:
            errors.setdefault(mistake.path, []).append(mistake.sentence())
        noun = "mistake" if len(self.mistakes) == 1 else "mistakes"
        detail = f"The pass type {name} has {len(self.mistakes)} {noun}; see errors."
        super().__init__(detail, errors=errors)


class PassType(Part):
    """One pass type, valid as a whole; `name` is the name of its file."""

    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    kind: Kind
    organization: Annotated[Template, Field(min_length=1)]
    description: Annotated[Template, Field(min_length=1)]
    logo_text: Template = ""
    layout: Annotated[str, Field(pattern=NAME_PATTERN)] = LAYOUT_DEFAULT
    language: Language = "en"
    localization: Mapping[Language, Mapping[str, Template]] = Field(default_factory=dict)
    colors: ColorSet = ColorSet()
    images: Mapping[ImageRole, ByLanguage] = Field(default_factory=dict[ImageRole, ByLanguage])
    barcodes: Annotated[tuple[BarcodeSpec, ...], BeforeValidator(as_list), Field(max_length=4)] = ()
    fields: FieldGroups = FieldGroups()
    links: Annotated[tuple[LinkSpec, ...], Field(max_length=10)] = ()
    locations: Annotated[tuple[LocationSpec, ...], Field(max_length=10)] = ()
    stores: StoresSpec | None = None
    relevance: Relevance = Relevance()
    expiry: Template = ""
    voided: VoidedSpec = VoidedSpec()
    privileges: PrivilegesSpec = PrivilegesSpec()
    identifiers: Mapping[Annotated[str, Field(max_length=100)], IdentifierSpec] = Field(default_factory=dict)
    wallet: Annotated[str, Field(min_length=1, max_length=100)] = WALLET_DEFAULT
    privilege_floor: Number | None = None
    privilege_ceiling: Number | None = None
    apple: AppleSpec = AppleSpec()
    google: Mapping[str, object] = Field(default_factory=dict)

    def apple_style(self) -> Style:
        """Give the style of the Apple pass: the one that is asked for, or the one of the kind."""
        return self.apple.style or STYLE_OF_KIND[self.kind]

    def languages(self) -> tuple[str, ...]:
        """List the languages, the default one first."""
        return (self.language, *sorted(set(self.localization) - {self.language}))
