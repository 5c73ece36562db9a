"""Several passes at once, named by their ids between commas."""

import re
from collections.abc import Sequence
from typing import Final

from guerdon.passes.errors import PassesNotFound
from guerdon.passes.finding import list_present
from guerdon.platform.db import Tx
from guerdon.platform.problems import InvalidRequest

PASSES_MAX: Final = 10  # what Apple puts into one file
FORM = re.compile(r"[A-Za-z0-9_-]{5,50},([A-Za-z0-9_-]{5,50},?)+")  # the form of seed 002


def read_several(text: str) -> Sequence[str] | None:
    """Read the ids of several passes, each once, in their order; None when the text has another form.

    Raises InvalidRequest above ten.
    """
    if FORM.fullmatch(text) is None:
        return None
    pass_ids = list(dict.fromkeys(pass_id for pass_id in text.split(",") if pass_id))
    if len(pass_ids) > PASSES_MAX:
        raise InvalidRequest({"passId": [f"Ask for at most {PASSES_MAX} passes at once; these are {len(pass_ids)}."]})
    return pass_ids


async def check_present(tx: Tx, pass_ids: Sequence[str]) -> None:
    """Refuse ids of passes that are not there, naming all of them. Raises PassesNotFound."""
    present = await list_present(tx, pass_ids)
    missing = [pass_id for pass_id in pass_ids if pass_id not in present]
    if missing:
        raise PassesNotFound(missing)
