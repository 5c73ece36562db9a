"""What is wrong with a member of a tenant's file, said to whoever wrote the file."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from guerdon.passes.pass_type_parts import NAME_PATTERN, NAME_RULE
from guerdon.passes.pass_type_text import Path

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_SENTENCES: Final[Mapping[str, str]] = {
    "missing": "`{leaf}` is needed here.",
    "literal_error": "`{leaf}` must be one of {expected}.",
    "string_type": "`{leaf}` must be a text.",
    "string_too_long": "`{leaf}` may have at most {max_length} characters.",
    "string_too_short": "`{leaf}` may not be empty.",
    "bool_type": "`{leaf}` must be true or false.",
    "int_type": "`{leaf}` must be a whole number.",
    "decimal_type": "`{leaf}` must be a number.",
    "decimal_parsing": "`{leaf}` must be a number.",
    "finite_number": "`{leaf}` must be a finite number.",
    "greater_than": "`{leaf}` must be more than {gt}.",
    "greater_than_equal": "`{leaf}` must be at least {ge}.",
    "less_than_equal": "`{leaf}` must be at most {le}.",
    "too_long": "`{leaf}` may have at most {max_length} entries.",
    "tuple_type": "`{leaf}` must be a list.",
    "mapping_type": "`{leaf}` must be a section of names and values.",
    "model_type": "`{leaf}` must be a section of names and values.",
    "string_pattern_mismatch": "`{leaf}` must match {pattern}.",
    "value_error": "{error}",
}
# A name that has its place elsewhere is no misspelling, unless one letter more or less makes it right.
_NEAR, _VERY_NEAR = 3 / 5, 22 / 25  # shares of letters that both have


def sentence(path: Path, detail: "ErrorDetails", known_names: Sequence[str]) -> str:
    """Say what pydantic found; a name that nobody knows comes with the one of `known_names` that is nearest."""
    leaf = str(path[-1]) if path else "the file"
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return f"`{leaf}` is not known here{_suggestion(leaf, known_names)}"
    if context.get("pattern") == NAME_PATTERN:
        return f"`{leaf}` must be {NAME_RULE}."
    if kind in _SENTENCES:
        return _SENTENCES[kind].format(leaf=leaf, **context)
    return f"`{leaf}`: {detail['msg']}."


def _suggestion(leaf: str, known_names: Sequence[str]) -> str:
    is_known = leaf in known_names
    others = [name for name in known_names if name != leaf]
    near = get_close_matches(leaf, others, n=1, cutoff=_VERY_NEAR if is_known else _NEAR)
    if near:
        return f"; did you mean `{near[0]}`?"
    return ", only in other sections." if is_known else "."
