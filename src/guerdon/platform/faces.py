"""Where the faces of the API stand, and what differs among them for every room alike."""

from typing import Final

FACE_B: Final = "/wallet2-api/api"


def speaks_codes(path: str) -> bool:
    """Tell whether a refusal at this address carries `message` and `codes` too."""
    return path.startswith(f"{FACE_B}/")
