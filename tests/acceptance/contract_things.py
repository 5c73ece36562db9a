"""What a value of a fuzzed request is: of which parameter, for which operations."""

from dataclasses import dataclass

BODY = "the body"
ANY = ""


@dataclass(frozen=True, slots=True)
class Thing:
    """A value of one parameter, or of the body, for the operations that have `where` in "DELETE /passes/{passId}".

    `others` is the pattern of what else is asked for there: None for nothing, ANY for whatever the document allows.
    """

    where: str
    parameter: str
    value: object
    others: str | None = ANY
