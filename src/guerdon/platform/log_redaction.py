"""Cutting secrets out of what is logged, by the name they stand under and by how they look."""

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import cast

CUT = "***"
DEPTH_MAX = 12
ITEMS_MAX = 1_000
NAME_CHARACTERS_MAX = 200
TEXT_CHARACTERS_MAX = 20_000
READ_CHARACTERS_MAX = 200_000

# Compared with letters and digits only, in lower case: `x-api-key`, `apiKey` and `API_KEY` are one name.
SECRET_NAME_PARTS = (
    "apikey",
    "authorization",
    "cookie",
    "credential",
    "hmac",
    "jwt",
    "masterkey",
    "passphrase",
    "passwd",
    "password",
    "pkcs12",
    "privatekey",
    "pushtoken",
    "secret",
    "signingkey",
    "token",
)
SECRET_NAMES = frozenset({"p12", "pem", "pin", "pwd"})

_NAME_IN_TEXT = (
    r"(?:api[-_]?key|authorization|cookie|credential|hmac|jwt|master[-_]?key|passphrase|passwd|password|"
    r"pkcs[-_]?12|private[-_]?key|secret|signing[-_]?key|token)[\w.-]{0,40}"
)
_SCHEMES = r"applepass|bearer|apikey|basic|digest|negotiate"
_SEPARATOR = r"(?:[\"']?\s{0,4}[=:]\s{0,4}|[\"']\s{0,4},\s{0,4}(?=b?[\"']))"
_QUOTED_OR_BARE = r"(?:b?\"(?:[^\"\\]|\\.)*\"?|b?'(?:[^'\\]|\\.)*'?|[^\s\"',;&)}\]]+)"

_NAMED = rf"({_NAME_IN_TEXT}{_SEPARATOR})(?!\s{{0,4}}(?:{_SCHEMES})\s){_QUOTED_OR_BARE}"


def _has_any(marks: tuple[str, ...], text: str) -> bool:
    for mark in marks:  # noqa: SIM110  # any() with a generator takes four times as long, on every line
        if mark in text:
            return True
    return False


@dataclasses.dataclass(frozen=True, slots=True)
class _Shape:
    """How one sort of secret looks; every text that has it contains one of `marks`, in any case."""

    marks: tuple[str, ...]
    pattern: re.Pattern[str]
    shown_as: str = CUT

    def cut_from(self, text: str, lowered: str) -> str:
        if _has_any(self.marks, lowered):
            return self.pattern.sub(self.shown_as, text)
        return text


# In this order: whole documents first, then what has a shape of its own, then what only a name gives away.
# Repetitions are bounded or atomic, so that no text takes long.
_SHAPES = (
    _Shape(
        ("private key",),
        re.compile(r"-----BEGIN ([A-Z0-9 ]{0,40}PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.DOTALL),
    ),
    # A key of ours keeps its tenant and id, so that an operator sees which one it was.
    _Shape(
        ("gk.",),
        re.compile(r"\b(gk\.[A-Za-z0-9-]{1,64}\.[A-Za-z0-9_-]{1,64}\.)[A-Za-z0-9_~+/=-]+"),
        rf"\1{CUT}",
    ),
    _Shape(("eyj",), re.compile(r"(?<![\w-])(?>(?:[\w-]*?-)??eyJ)[\w-]{4,}+\.[\w-]*(?:\.[\w-]*){0,3}")),
    _Shape(
        ("applepass", "bearer", "apikey"),
        re.compile(r"\b(applepass|bearer|apikey)(\s{1,4})[^\s\"'<>,;)}\]]+", re.IGNORECASE),
        rf"\1\2{CUT}",
    ),
    _Shape(
        ("basic", "digest", "negotiate"),
        re.compile(r"\b(basic|digest|negotiate)(\s{1,4})[^\s\"'<>,;)}\]]{6,}", re.IGNORECASE),
        rf"\1\2{CUT}",
    ),
    _Shape(("://",), re.compile(r"(://[^\s:/@]{0,128}:)[^\s@]{1,256}@"), rf"\1{CUT}@"),
    _Shape(
        ("key", "authorization", "cookie", "credential", "hmac", "jwt", "pass", "pkcs", "secret", "token"),
        re.compile(_NAMED, re.IGNORECASE),
        rf"\1{CUT}",
    ),
)
# Most texts have none of these, and looking for them costs a fiftieth of the patterns.
_MARKS = tuple(mark for shape in _SHAPES for mark in shape.marks)
# Push tokens, identifier proofs and keys are all long runs of hexadecimal digits.
_HEXADECIMAL_CHARACTERS_MIN = 64
_HEXADECIMAL = re.compile(rf"(?<![0-9A-Fa-f])[0-9A-Fa-f]{{{_HEXADECIMAL_CHARACTERS_MIN},}}")


def redact_text(text: str) -> str:
    """Give a text without the secrets that can be told by their looks; a very long one loses its middle."""
    text = text[:READ_CHARACTERS_MAX]
    lowered = text.lower()
    if _has_any(_MARKS, lowered):
        for shape in _SHAPES:
            text = shape.cut_from(text, lowered)
    if len(text) >= _HEXADECIMAL_CHARACTERS_MIN:
        text = _HEXADECIMAL.sub(CUT, text)
    if len(text) <= TEXT_CHARACTERS_MAX:
        return text
    return f"{text[: TEXT_CHARACTERS_MAX // 2]} … {text[-TEXT_CHARACTERS_MAX // 2 :]}"


def redact(value: object, depth: int = 0) -> object:
    """Give a value without secrets, as plain data that no renderer need turn into text by itself.

    Objects are shown by their fields, or as what `repr` says of them; bytes by their number only.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes | bytearray):
        return f"<{len(value)} bytes>"
    return _redact_object(value, depth) if depth < DEPTH_MAX else "…"


def redact_mapping(mapping: Mapping[str, object] | Mapping[object, object], depth: int = 0) -> dict[str, object]:
    """Give a mapping without secrets; `redact` says how."""
    return {
        _shown_name(_name(key)): _redact_named(_name(key), value, depth)
        for key, value in list(mapping.items())[:ITEMS_MAX]
    }


@lru_cache(maxsize=4_096)
def is_secret_name(name: str) -> bool:
    """Tell whether what stands under this name is cut whatever it looks like."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return plain in SECRET_NAMES or any(part in plain for part in SECRET_NAME_PARTS)


def _redact_object(value: object, depth: int) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name, None) for field in dataclasses.fields(value)}
        return redact_mapping(fields, depth)
    if isinstance(value, Mapping):
        return redact_mapping(cast("Mapping[object, object]", value), depth)
    if isinstance(value, list | tuple | AbstractSet):
        return _redact_items(list(cast("Iterable[object]", value)), depth)
    return redact_text(_described(value))


def _redact_items(items: list[object], depth: int) -> list[object]:
    match items:
        # A pair may be a name and its value: headers often travel so.
        case [str() | bytes() as key, value]:
            return [_shown_name(_name(key)), _redact_named(_name(key), value, depth)]
        case _:
            return [redact(item, depth + 1) for item in items[:ITEMS_MAX]]


def _redact_named(name: str, value: object, depth: int) -> object:
    # Whether there is one may be said.
    if is_secret_name(name) and value is not None and not isinstance(value, bool):
        return CUT
    return redact(value, depth + 1)


@lru_cache(maxsize=4_096)
def _shown_name(name: str) -> str:
    return redact_text(name)


def _name(key: object) -> str:
    name = key.decode("latin-1") if isinstance(key, bytes) else str(key)
    return name[:NAME_CHARACTERS_MAX]


def _described(value: object) -> str:
    describe: Callable[[object], str] = str if isinstance(value, BaseException) else repr
    try:
        return describe(value)
    except Exception:  # noqa: BLE001  # a log line must not fail for what it is about
        return f"<{type(value).__name__}>"
