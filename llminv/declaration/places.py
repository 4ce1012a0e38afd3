"""YAML text in, plain values with their places out: the only door to yaml.

A `Document` holds dicts, lists, text and None, and beside them the place of every value and of every
key. Every scalar is text, as it was written: YAML's own guesses (`on` is True, `010` is 8, `16:30` is
990) are never made, and what a field means is for its model to say. Only a plain empty value, `~` or
`null` is None. What an editor shows differently from what YAML reads (duplicate keys, merge keys,
tags, foreign line breaks, aliases that multiply) is refused with its place. Nothing here knows what
the declarations mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn, Protocol

import yaml
from yaml.reader import ReaderError

from llminv.declaration.fields import Steps, shown
from llminv.errors import DeclarationError, Place, Problem, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

Value = None | str | list["Value"] | dict[str, "Value"]

MAX_DEPTH = 50
MAX_VALUES = 100_000
# PyYAML counts these as line breaks and no editor does: every place after one would be wrong.
FOREIGN_BREAKS = "\x85\u2028\u2029"


@dataclass(frozen=True)
class Document:
    """A file as plain values, and the place of each value and each key by its path from the top."""

    file: str
    data: Value
    values: Mapping[Steps, Place]
    keys: Mapping[Steps, Place]


@dataclass(frozen=True)
class Section:
    """The part of a document under `root`; `label` is what messages call it, "" for nothing.

    Paths are relative to the root. Steps that the document does not have (a missing field, what
    pydantic adds to its own paths) are skipped, so that every path has a place: the nearest.
    """

    document: Document
    root: Steps
    label: str = ""

    @property
    def data(self) -> Value:
        """The value at the root."""
        return _walk(self.document.data, self.root)[1]

    def place(self, *steps: str | int) -> Place:
        """Return where the value stands."""
        return self.document.values[self.root + self._known(steps)]

    def key_place(self, *steps: str | int) -> Place:
        """Return where the key of the value stands; an item of a list has none, so the value's own."""
        path = self.root + self._known(steps)
        return self.document.keys.get(path, self.document.values[path])

    def name(self, *steps: str | int) -> str:
        """Return the path as text, such as `policy.retries.max` or `failures[1]`; "" for the root."""
        return dotted(self._known(steps), self.label)

    def _known(self, steps: Steps) -> Steps:
        return _walk(self.data, steps)[0]


def dotted(steps: Steps, label: str = "") -> str:
    """Return a path as a reader would write it."""
    for step in steps:
        if isinstance(step, int):
            label += f"[{step}]"
        else:
            label += ("." if label else "") + (step if re.fullmatch(r"[\w-]+", step) else shown(step))
    return label


def _walk(value: Value, steps: Steps) -> tuple[Steps, Value]:
    taken: list[str | int] = []
    for step in steps:
        match value, step:
            case dict(), str() if step in value:
                value = value[step]
            case list(), int() if step < len(value):
                value = value[step]
            case _:
                continue
        taken.append(step)
    return tuple(taken), value


def read(path: Path, file: str) -> Document:
    """Read the YAML file at `path`, called `file` in places.

    Raises DeclarationError with every problem that can be seen, and UsageError where the file cannot
    be opened.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from None
    text = _decode(raw, file)
    walk = _Walk(file)
    data = walk.value(_compose(text, file), ())
    if walk.problems:
        raise DeclarationError(walk.problems)
    return Document(file, data, walk.values, walk.keys)


def _fail(place: Place, message: str) -> NoReturn:
    raise DeclarationError([Problem(place, message)])


def _after(file: str, before: str) -> Place:
    """Return the place right after the text `before`."""
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return Place(file, len(lines), len(lines[-1]) + 1)


def _decode(raw: bytes, file: str) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig", errors="replace")
        _fail(_after(file, before), "not UTF-8 text; save the file as UTF-8")
    for index, character in enumerate(text):
        if character in FOREIGN_BREAKS:
            code = ord(character)
            _fail(
                _after(file, text[:index]),
                f"U+{code:04X} is a line break to YAML and to no editor; "
                f'write it as "\\u{code:04x}" in double quotes',
            )
    return text


class _Mark(Protocol):
    """A place as PyYAML counts, from 0 (the stubs know two classes of this shape)."""

    line: int
    column: int


class _Loader(yaml.SafeLoader):
    """Composes nodes, never values; refuses tags and deep nesting on the way."""

    def __init__(self, text: str, file: str) -> None:
        super().__init__(text)
        self.file = file
        self.depth = 0

    def place(self, mark: _Mark | None) -> Place:
        mark = mark or self.get_mark()
        return Place(self.file, mark.line + 1, mark.column + 1)

    def event(self) -> yaml.Event:
        peek: Callable[[], yaml.Event] = self.peek_event  # which the stubs leave untyped
        return peek()

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.event()
        tag = getattr(event, "tag", None)
        if tag is not None:
            _fail(self.place(event.start_mark), f"the tag {shown(tag)} is not allowed; leave it out")
        if self.depth == MAX_DEPTH:
            _fail(self.place(event.start_mark), f"nested more than {MAX_DEPTH} deep")
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def only_document(self) -> yaml.Node:
        node = self.compose_document() if self.check_node() else None
        if node is None:
            _fail(Place(self.file, 1, 1), "the file declares nothing")
        if self.check_node():
            _fail(self.place(self.event().start_mark), "a second document begins here; a file holds one")
        return node


def _compose(text: str, file: str) -> yaml.Node:
    try:
        loader = _Loader(text, file)
    except ReaderError as error:
        place = _after(file, text[: error.position])
        _fail(place, f"the character U+{ord(text[error.position]):04X} is not allowed in YAML")
    try:
        return loader.only_document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"this is not YAML: {error.problem or error.context}"
        if error.problem and error.context and error.context_mark:
            start = loader.place(error.context_mark)
            message += f" ({error.context} at line {start.line}, column {start.column})"
        _fail(loader.place(mark), message)
    except (ValueError, OverflowError):
        # An escape such as "\UFFFFFFFF" reaches chr(), and a %YAML directive reaches int().
        _fail(loader.place(loader.get_mark()), "this is not YAML: a number here is too large")


@dataclass
class _Walk:
    """One walk over the nodes of a file; `inside` holds the nodes that are open, by identity."""

    file: str
    values: dict[Steps, Place] = field(default_factory=dict)
    keys: dict[Steps, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    inside: set[int] = field(default_factory=set)

    def value(self, node: yaml.Node, steps: Steps) -> Value:
        place = self._place(node)
        if len(self.values) == MAX_VALUES:
            _fail(place, f"more than {MAX_VALUES} values; do aliases multiply?")
        if id(node) in self.inside:
            _fail(place, "an alias points into its own value")
        self.values[steps] = place
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        self.inside.add(id(node))
        value = self._mapping(node, steps) if isinstance(node, yaml.MappingNode) else self._list(node, steps)
        self.inside.discard(id(node))
        return value

    def _place(self, node: yaml.Node) -> Place:
        return Place(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _scalar(self, node: yaml.ScalarNode) -> str | None:
        if node.tag == "tag:yaml.org,2002:null" and node.style is None:
            return None
        return self._text(node)

    def _text(self, node: yaml.ScalarNode) -> str:
        text: str = node.value
        if any("\ud800" <= character <= "\udfff" for character in text):
            self.problems.append(Problem(self._place(node), "an escape here is half of a surrogate pair"))
        return text

    def _list(self, node: yaml.Node, steps: Steps) -> Value:
        return [self.value(item, (*steps, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: yaml.MappingNode, steps: Steps) -> Value:
        found: dict[str, Value] = {}
        for key, item in node.value:
            message = ""
            if not isinstance(key, yaml.ScalarNode):
                message = "a key is a word, not a list or a mapping"
            elif key.tag == "tag:yaml.org,2002:merge":
                message = "merge keys (<<) are not supported; write the fields out"
            elif (name := self._text(key)) in found:
                first = self.keys[(*steps, name)]
                message = f"{shown(name)} is given twice, first at line {first.line}, column {first.column}"
            else:
                self.keys[(*steps, name)] = self._place(key)
                found[name] = self.value(item, (*steps, name))
            if message:
                self.problems.append(Problem(self._place(key), message))
        return found
