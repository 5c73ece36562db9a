"""The text of a tenant's file, YAML or JSON, as plain values and the place of each in the file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import yaml

Path = tuple[str | int, ...]

BYTES_MAX = 256 * 1024
DEPTH_MAX = 16
NODES_MAX = 20_000

# Only what JSON calls a number is one: 007, 1_000, 12:30 and .5 stay texts, and so do yes, no, on and off,
# which YAML 1.1 would make truth values.
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})(?:\.[0-9]{1,18})?")
_SURROGATE_PAIR = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a file; the first line and the first column are 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong in a file; a warning does not stop it from being used."""

    path: str
    place: Place
    message: str
    is_warning: bool = False

    def sentence(self) -> str:
        """Say the mistake with its place."""
        return f"line {self.place.line}, column {self.place.column}: {self.message}"


@dataclass(slots=True)
class Tree:
    """What was read: the values (mappings, tuples, texts, numbers), where each stands, and what was wrong.

    `misplaced` are the places of values of a kind that does not belong there; what they say is not looked at.
    """

    value: object = None
    places: dict[Path, Place] = field(default_factory=dict[Path, Place])
    mistakes: list[Mistake] = field(default_factory=list[Mistake])
    misplaced: set[Path] = field(default_factory=set[Path])

    def place_of(self, path: Path) -> Place:
        """Find where `path` stands, or the nearest section around it that is written down."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return Place(1, 1)

    def add(self, path: Path, message: str, place: Place | None = None, *, is_warning: bool = False) -> None:
        """Note a mistake at `path`, at its own place unless another is given."""
        self.mistakes.append(Mistake(path_text(path), place or self.place_of(path), message, is_warning))


def path_text(path: Path) -> str:
    """Print a path as a person writes it, such as `fields.header[0].value`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "$"


def read_tree(content: bytes) -> Tree:
    """Read YAML or JSON of at most 256 KiB; never raises: what is wrong stands in `mistakes`.

    Anchors, aliases, tags, keys given twice, more than one document, more than 16 levels and more
    than 20 000 values are mistakes, so no small file can become a large value.
    """
    tree = Tree()
    if len(content) > BYTES_MAX:
        tree.add((), f"The file has {len(content)} bytes; at most {BYTES_MAX} are read.")
        return tree
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        tree.add((), "The file is not UTF-8 text.", Place(line, 1))
        return tree
    try:
        _Builder(tree).build(yaml.parse(_as_yaml(text), Loader=yaml.CSafeLoader))
    except _Enough:
        pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        tree.add((), f"The text cannot be read here: {error.problem or error.context}.", place)
    except (yaml.YAMLError, UnicodeError):
        tree.add((), "The text holds a character that may not stand in YAML or JSON.")
    return tree


def _as_yaml(text: str) -> str:
    """Make JSON readable as YAML, which knows neither tabs between values nor halves of characters."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    return _SURROGATE_PAIR.sub(_one_character, text.replace("\t", " "))


def _one_character(pair: re.Match[str]) -> str:
    high, low = (int(half, 16) for half in pair.groups())
    return f"\\U{0x10000 + (high - 0xD800) * 0x400 + (low - 0xDC00):08X}"


class _Enough(Exception):
    """Reading stops: what follows would only repeat the mistake or cost too much."""


@dataclass(slots=True)
class _Open:
    """A mapping or a list whose end was not read yet."""

    path: Path
    items: dict[str, object] | list[object]
    key: str | None = None
    keys: dict[str, Place] = field(default_factory=dict[str, Place])

    def next_path(self) -> Path:
        if isinstance(self.items, list):
            return (*self.path, len(self.items))
        return (*self.path, self.key or "")

    def put(self, value: object) -> None:
        if isinstance(self.items, list):
            self.items.append(value)
        else:
            assert self.key is not None
            self.items[self.key] = value
            self.key = None


@dataclass(slots=True)
class _Builder:
    """Turns the parser's events into values without recursion, so that depth cannot exhaust the stack."""

    tree: Tree
    stack: list[_Open] = field(default_factory=list[_Open])
    nodes: int = 0
    documents: int = 0

    def build(self, events: Iterator[yaml.Event]) -> None:
        for event in events:
            match event:
                case yaml.DocumentStartEvent():
                    self._start_document(event)
                case yaml.AliasEvent():
                    self._refuse(event, "Anchors and aliases are not read here; write the value again.")
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._open(event)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self._close()
                case yaml.ScalarEvent():
                    self._scalar(event)
                case _:
                    pass

    def _start_document(self, event: yaml.Event) -> None:
        self.documents += 1
        if self.documents > 1:
            self._refuse(event, "A file is one document; a second document starts here.")

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        self._check_node(event)
        if self._awaits_key():
            self._refuse(event, "The name of a member must be a text.")
        if len(self.stack) == DEPTH_MAX:
            self._refuse(event, f"Sections may be nested {DEPTH_MAX} deep; this is deeper.")
        path = self.stack[-1].next_path() if self.stack else ()
        self.tree.places.setdefault(path, _place(event))
        self.stack.append(_Open(path, {} if isinstance(event, yaml.MappingStartEvent) else []))

    def _close(self) -> None:
        ended = self.stack.pop()
        self._put(ended.items if isinstance(ended.items, dict) else tuple(ended.items))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._check_node(event)
        if "\x00" in event.value:
            self._refuse(event, "The character U+0000 may not stand in a text.")
        if self._awaits_key():
            self._take_key(event)
            return
        path = self.stack[-1].next_path() if self.stack else ()
        self.tree.places.setdefault(path, _place(event))
        self._put(_value(event))

    def _take_key(self, event: yaml.ScalarEvent) -> None:
        holder, key, place = self.stack[-1], str(event.value), _place(event)
        path = (*holder.path, key)
        first = holder.keys.get(key)
        if first is not None:
            self.tree.add(path, f"`{key}` stands here a second time; the first is in line {first.line}.", place)
        holder.key = key
        holder.keys[key] = place
        self.tree.places[path] = place

    def _put(self, value: object) -> None:
        if self.stack:
            self.stack[-1].put(value)
        else:
            self.tree.value = value

    def _awaits_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].items, dict) and self.stack[-1].key is None

    def _check_node(self, event: yaml.NodeEvent) -> None:
        self.nodes += 1
        if self.nodes > NODES_MAX:
            self._refuse(event, f"The file holds more than {NODES_MAX} values.")
        if event.anchor is not None:
            self._refuse(event, "Anchors and aliases are not read here; write the value again.")
        if getattr(event, "tag", None) is not None:
            self._refuse(event, "Tags such as !!python are not read here.")

    def _refuse(self, event: yaml.Event, message: str) -> None:
        path = self.stack[-1].path if self.stack else ()
        self.tree.add(path, message, _place(event))
        raise _Enough


def _place(event: yaml.Event) -> Place:
    assert event.start_mark is not None
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)


def _value(event: yaml.ScalarEvent) -> object:
    text = str(event.value)
    if event.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.fullmatch(text):
        return Decimal(text) if "." in text else int(text)
    return text
