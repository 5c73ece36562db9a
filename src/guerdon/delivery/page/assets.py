"""The page's own files: one style sheet and one script, named after what is in them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

PACKAGE = "guerdon.delivery.page"
HASH_CHARACTERS = 12
CACHE_CONTROL: Final = "public, max-age=31536000, immutable"

_MEDIA_TYPES: Final[Mapping[str, str]] = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that never changes under its name."""

    name: str
    media_type: str
    content: bytes


def _read(name: str) -> Asset:
    content = files(PACKAGE).joinpath("static", name).read_bytes()
    stem, _dot, suffix = name.partition(".")
    digest = hashlib.sha256(content).hexdigest()[:HASH_CHARACTERS]
    return Asset(f"{stem}.{digest}.{suffix}", _MEDIA_TYPES[name], content)


STYLE: Final = _read("page.css")
SCRIPT: Final = _read("page.js")
ASSETS: Final[Mapping[str, Asset]] = {asset.name: asset for asset in (STYLE, SCRIPT)}
"""What the integrator serves under `PageLinks.static_url`, by name."""
