"""Liquid in a sandbox: bounded in time, size, loops and depth, and blind to everything but its names.

An undefined name prints nothing and is no error; an unknown filter is a mistake. `include`, `render`,
`tablerow` and HTML filters do not exist: the texts are plain, and whoever shows them escapes them.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sized
from functools import lru_cache, wraps
from typing import Final, cast

from liquid import BoundTemplate, Environment, RenderContext, Token
from liquid.ast import Node
from liquid.builtin.expressions import LoopExpression
from liquid.builtin.expressions.arguments import KeywordArgument
from liquid.builtin.expressions.filtered import Filter, FilteredExpression
from liquid.builtin.expressions.primitive import FloatLiteral, Literal, RangeLiteral
from liquid.exceptions import FilterArgumentError, LiquidError, LiquidSyntaxError
from liquid.expression import Expression
from liquid.output import LimitedStringIO

from guerdon.rendering.arguments import argument_mistake
from guerdon.rendering.names import Names
from guerdon.rendering.numbers import Number, number_filters
from guerdon.rendering.spoken import spoken_filters

OUTPUT_BYTES_MAX = 16 * 1024
TEXT_CHARACTERS_MAX = 16 * 1024
LIST_ITEMS_MAX = 2000
LOOP_ITERATIONS_MAX = 1000
LOCALS_BYTES_MAX = 128 * 1024
BLOCK_DEPTH_MAX = 20
PARSED_MAX = 2048
TEXT_S_MAX = 0.25

_TAGS_ABSENT: Final = ("include", "render", "tablerow", "liquid")
_FILTERS_KEPT: Final = frozenset(
    {
        "append", "capitalize", "compact", "concat", "default", "downcase", "escape", "find", "find_index", "first",
        "has", "join", "last", "lstrip", "map", "newline_to_br", "prepend", "reject", "remove", "remove_first",
        "remove_last", "replace", "replace_first", "replace_last", "reverse", "rstrip", "size", "slice", "sort",
        "sort_natural", "split", "squish", "strip", "strip_newlines", "truncate", "truncatewords", "uniq", "upcase",
        "url_decode", "url_encode", "where",
    }
)  # fmt: skip


class TemplateInvalid(Exception):
    """The text is not Liquid; line and column count from 1 inside the template."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message, self.line, self.column = message, line, column


class TemplateFailed(Exception):
    """The template could not be filled in from these data, or would cost too much."""


class LimitReached(LiquidError):
    """A template would take more time or memory than a text of a pass may."""


def check_template(source: str) -> None:
    """Check the syntax, the tags and the filters of a template. Raises TemplateInvalid."""
    if is_template(source):
        _parse(source)


def is_template(source: str) -> bool:
    """Tell whether a text has anything to fill in."""
    return "{{" in source or "{%" in source


def fill(source: str, names: Names) -> str:
    """Fill in a template; the result has at most 16 KiB and takes at most 0.25 s of processor time.

    Raises TemplateInvalid, TemplateFailed.
    """
    if not is_template(source):
        return source
    template = _parse(source)
    buffer = LimitedStringIO(limit=OUTPUT_BYTES_MAX)
    context = _TimedContext(template, globals=names)
    context.deadline = min(time.thread_time() + TEXT_S_MAX, names.deadline)
    try:
        template.render_with_context(context, buffer)
    except LiquidError as error:
        raise TemplateFailed(_plain(error)) from error
    except Exception as error:
        raise TemplateFailed(f"the data do not fit the template ({type(error).__name__})") from error
    return buffer.getvalue()


class _TimedContext(RenderContext):
    """A context that looks at the clock at every name, filter and loop."""

    __slots__ = ("deadline",)
    deadline: float

    def get(self, path: list[object], *, token: Token | None, default: object = ...) -> object:
        self._check_time()
        if default is ...:
            return super().get(path, token=token)
        return super().get(path, token=token, default=default)

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        self._check_time()
        return super().filter(name, token)

    def raise_for_loop_limit(self, length: int = 1) -> None:
        self._check_time()
        super().raise_for_loop_limit(length)

    def _check_time(self) -> None:
        # Processor time of this thread: on a machine that is merely busy, no text may come out empty.
        if time.thread_time() > self.deadline:
            raise LimitReached("the text takes too long", token=None)


class _Sandbox(Environment):
    """The environment of all templates; it reads no file."""

    block_nesting_limit = BLOCK_DEPTH_MAX
    context_depth_limit = BLOCK_DEPTH_MAX + 10
    loop_iteration_limit = LOOP_ITERATIONS_MAX
    local_namespace_limit = LOCALS_BYTES_MAX
    output_stream_limit = OUTPUT_BYTES_MAX

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        for tag in _TAGS_ABSENT:
            self.tags.pop(tag)
        kept = {name: self.filters[name] for name in _FILTERS_KEPT}
        self.filters = {
            name: _guarded(name, function)
            for name, function in {**kept, **number_filters(), **spoken_filters()}.items()
        }
        self.add_filter("sum", _guarded("sum", _sum))


def _sum(values: object, key: object = None) -> Number:
    plus, total = number_filters()["plus"], Number(0)
    for value in cast("Iterable[object]", values) if isinstance(values, list | tuple) else ():
        if key is not None:
            value = cast("Mapping[object, object]", value).get(key) if isinstance(value, Mapping) else None  # noqa: PLW2901
        total = cast("Number", plus(total, value))
    return total


def _guarded(name: str, function: Callable[..., object]) -> Callable[..., object]:
    """Bound what goes into a filter, what it could grow to, and what comes out of it."""

    @wraps(function)
    def guarded(*values: object, **named: object) -> object:
        for value in values:
            _check_size(value)
        _check_growth(name, values)
        try:
            result = function(*values, **named)
        except (TypeError, LiquidError) as error:
            # Liquid hands on what Python says of a type, which no author of a template knows.
            if isinstance(error, LiquidError) and not isinstance(error.__cause__, TypeError):
                raise
            sentence = f"the filter `{name}` cannot take this value or argument"
            raise FilterArgumentError(sentence, token=None) from error
        _check_size(result)
        return result

    return guarded


def _check_size(value: object) -> None:
    limit = TEXT_CHARACTERS_MAX if isinstance(value, str) else LIST_ITEMS_MAX
    if isinstance(value, str | list | tuple | range) and _length(cast("Sized", value)) > limit:
        raise LimitReached("a text or a list grows too large", token=None)


def _length(value: Sized) -> int:
    try:
        return len(value)
    except OverflowError:  # a range beyond what a machine can count
        return TEXT_CHARACTERS_MAX + 1


def _check_growth(name: str, values: tuple[object, ...]) -> None:
    """Refuse before the work what could only be refused after it had filled the memory."""
    if name == "replace" and len(values) > 2:  # noqa: PLR2004 (text, sought, replacement)
        text, sought, replacement = (str(value) for value in values[:3])
        grown = (text.count(sought) if sought else len(text) + 1) * len(replacement)
    elif name == "join" and len(values) > 1 and isinstance(values[0], list | tuple):
        grown = len(cast("list[object]", values[0])) * len(str(values[1]))
    else:
        return
    if grown > TEXT_CHARACTERS_MAX:
        raise LimitReached("a text or a list grows too large", token=None)


_SANDBOX: Final = _Sandbox(strict_filters=True, autoescape=False)


@lru_cache(maxsize=PARSED_MAX)
def _parse(source: str) -> BoundTemplate:
    try:
        template = _SANDBOX.from_string(source)
        static = RenderContext(template)
        for node in template.nodes:
            _settle(node, static)
    except LiquidError as error:
        raise _invalid(error) from error
    except (RecursionError, ValueError) as error:
        raise TemplateInvalid("the template is nested too deeply", 1, 1) from error
    return template


def _settle(node: Node, static: RenderContext) -> None:
    """Check every filter, make decimal literals exact, and keep ranges to loops, which count them."""
    for expression in node.expressions():
        _settle_expression(expression, in_loop=False)
    for child in node.children(static, include_partials=False):
        _settle(child, static)


def _settle_expression(expression: Expression, *, in_loop: bool) -> None:
    if isinstance(expression, FloatLiteral):
        # A float does not equal the decimal of the same digits, so 0.1 in a template becomes the decimal.
        cast("Literal[object]", expression).value = Number(str(expression.value))
    if isinstance(expression, RangeLiteral) and not in_loop:
        raise LiquidSyntaxError("a range such as (1..5) may stand only in `for`", token=expression.token)
    if isinstance(expression, FilteredExpression):
        for named in expression.filters or ():
            _check_filter(named)
    for child in expression.children():
        _settle_expression(child, in_loop=isinstance(expression, LoopExpression))


def _check_filter(named: Filter) -> None:
    if named.name not in _SANDBOX.filters:
        raise LiquidSyntaxError(f"there is no filter `{named.name}`", token=named.token)
    names = [argument.name for argument in named.args if isinstance(argument, KeywordArgument)]
    unnamed = len(named.args) - len(names)
    mistake = argument_mistake(named.name, _SANDBOX.filters[named.name], unnamed, names)
    if mistake is not None:
        raise LiquidSyntaxError(mistake, token=named.token)


def _invalid(error: LiquidError) -> TemplateInvalid:
    place = error.context() if _has_place(error) else None
    line, column = (place[0], place[1] + 1) if place else (1, 1)
    return TemplateInvalid(_plain(error), line, column)


def _has_place(error: LiquidError) -> bool:
    return error.token is not None and 0 <= error.token.start_index < len(error.token.source)


def _plain(error: LiquidError) -> str:
    return str(error.message or "the template cannot be read")
