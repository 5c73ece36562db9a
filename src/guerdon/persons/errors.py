"""Why this room refuses.

PersonTooLarge  409  the identifiers match more passes than a person has
PersonChanging  409  a pass of the person changed while it was being erased, several times in a row
"""

from guerdon.platform.problems import Conflict
from guerdon.platform.writes import Overtaken


class PersonTooLarge(Conflict):
    """The identifiers match more passes than a person has."""

    code = "person_too_large"

    def __init__(self, passes_max: int) -> None:
        super().__init__(f"The identifiers match more than {passes_max} passes; name one person, or its passes by id.")


class PersonChanging(Overtaken):
    """A pass of the person changed while it was being erased, several times in a row."""

    code = "person_changing"

    def __init__(self) -> None:
        super().__init__()
        self.detail = (
            "A pass of the person was given a privilege, or another wallet, at this moment; "
            "nothing was erased, send it again."
        )
