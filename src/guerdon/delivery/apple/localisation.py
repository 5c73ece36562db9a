"""The words of a pass in other languages: `xx.lproj/pass.strings`."""

import re
from codecs import BOM_UTF16_BE
from collections.abc import Mapping

from guerdon.delivery.apple.errors import PackageFileRefused

STRINGS_FILE = "pass.strings"
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def strings_file_name(language: str) -> str:
    """Name the file of a language, given as a tag like `de` or `zh-Hans`. Raises PackageFileRefused."""
    if _LANGUAGE.fullmatch(language) is None:
        raise PackageFileRefused(
            f"{language!r} is no language tag that Wallet knows. Write it like de, pt-BR or zh-Hans."
        )
    return f"{language}.lproj/{STRINGS_FILE}"


def render_strings(words: Mapping[str, str]) -> bytes:
    """Write the words of one language, sorted by key.

    UTF-16, big end first, with its mark: KDE's reader ignores the little-endian form, and Apple asks for
    UTF-16 as soon as a word leaves ASCII. Raises PackageFileRefused for text with half a surrogate pair.
    """
    lines = "".join(f'"{_escaped(key)}" = "{_escaped(words[key])}";\n' for key in sorted(words))
    try:
        return BOM_UTF16_BE + lines.encode("utf-16-be")
    except UnicodeEncodeError as error:
        raise PackageFileRefused(
            f"The words hold half a letter, U+{ord(error.object[error.start]):04X}; send whole Unicode text."
        ) from error


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)
