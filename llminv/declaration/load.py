"""Files in, promises out: every YAML file is read and checked, and all that is wrong is said at once.

A file declares `providers`, `policy` and `prices`, or a `domain` with its `invariants`, or all of these.
The first three stand once in all files together. Nothing is returned unless every declaration is right.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pydantic import RootModel

from llminv.declaration.checking import Names, problem, validated
from llminv.declaration.fields import Line, Steps, near, shown
from llminv.declaration.files import INIT, shown_path, yaml_files
from llminv.declaration.models import Contradiction, Invariant, Policy, Provider, Providers
from llminv.declaration.places import Section, read
from llminv.declaration.price_list import filled
from llminv.declaration.prices import PriceBook
from llminv.declaration.promise import Promise
from llminv.declaration.usage import read_usage, usage_files
from llminv.errors import DeclarationError, Place, Problem, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

# The keys at the top of a file: those of the first row stand in one file only, the second go together.
ONCE = ("providers", "policy", "prices")
PAIR = ("domain", "invariants")


@dataclass(frozen=True)
class Declarations:
    """Everything declared, and right; `sections` has the places of each invariant, by its id.

    `prices` are resolved; `warnings` are what is allowed and hardly meant.
    """

    promises: tuple[Promise, ...]
    providers: Mapping[str, Provider]
    policy: Policy
    prices: PriceBook
    sections: Mapping[str, Section]
    warnings: tuple[Problem, ...]


def load(
    paths: Sequence[Path], kinds: Mapping[str, type[Invariant]], dialects: Collection[str]
) -> Declarations:
    """Return what the files at `paths` declare; a folder stands for the YAML files in it.

    `kinds` are the models of invariants by kind. Promises come in the order of the files and of the
    lines in them. Raises DeclarationError with every problem, and UsageError where there is nothing
    to read or something is not declared at all.
    """
    reading = _Reading(kinds, dialects)
    for path in yaml_files(paths):
        reading.file(path)
    providers, policy, prices, declared = reading.checked()
    if reading.problems:
        raise DeclarationError(sorted(set(reading.problems)))
    wanted = frozenset(name for row in declared for name in row.invariant.usage_providers())
    usage = read_usage(usage_files(paths)) if wanted else ()
    where = ", ".join(map(shown_path, paths))
    if providers is None or policy is None:
        raise UsageError(f"{where}: no file declares {'policy' if providers else 'providers'!r}", INIT)
    if not declared:
        raise UsageError(f"{where}: no file declares 'invariants'", INIT)
    promises = tuple(
        Promise(
            domain=row.domain,
            invariant=row.invariant,
            providers=providers,
            policy=policy,
            prices=prices,
            usage=tuple(line for line in usage if line.provider in row.invariant.usage_providers()),
            place=row.section.place(),
        )
        for row in declared
    )
    sections = {row.invariant.id: row.section for row in declared}
    return Declarations(promises, providers, policy, prices, sections, tuple(sorted(reading.warnings)))


class _Declared(NamedTuple):
    domain: str
    invariant: Invariant
    section: Section


class _Title(RootModel[Line]):
    """The title of a domain."""


@dataclass
class _Reading:
    """One load: the sections found so far, and what is wrong with them."""

    kinds: Mapping[str, type[Invariant]]
    dialects: Collection[str]
    problems: list[Problem] = field(default_factory=list)
    once: dict[str, Section] = field(default_factory=dict)
    domains: list[tuple[Section, Section]] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def file(self, path: Path) -> None:
        """Read a file and sort its sections by their keys."""
        try:
            top = Section(read(path, shown_path(path)), ())
        except DeclarationError as error:
            self.problems += error.problems
            return
        if not isinstance(top.data, dict) or not top.data:
            wanted = f"expected a mapping with {', '.join(ONCE)} or {' and '.join(PAIR)}"
            self._say(top, (), f"{wanted}, found {shown(top.data)}")
            return
        sections = {key: Section(top.document, (key,), key) for key in top.data}
        for key, section in sections.items():
            if key not in ONCE and key not in PAIR:
                unknown = f"unknown key {shown(key)}{near(key, (*ONCE, *PAIR))}"
                self._say(top, (), unknown, section.key_place())
            elif key in ONCE and self.once.setdefault(key, section) is not section:
                first = self.once[key].key_place()
                self._say(section, (), f"declared twice, first at {first}", section.key_place())
        match [sections[key] for key in PAIR if key in sections]:
            case [title, invariants]:
                self.domains.append((title, invariants))
            case [alone]:
                other = PAIR[alone.root == PAIR[:1]]
                self._say(alone, (), f"the key {other!r} is missing beside it", alone.key_place())

    def checked(self) -> tuple[dict[str, Provider] | None, Policy | None, PriceBook, list[_Declared]]:
        """Return what is right of the sections, and note what is wrong with the others."""
        at = self.once.get("providers")
        names: Names = {
            "dialect": self.dialects,
            # With no table of providers at hand, each use of one would be wrong: that says nothing.
            "provider": tuple(at.data) if at and isinstance(at.data, dict) else None,
        }
        providers = validated(Providers, at, names, self.problems) if at else None
        at = self.once.get("policy")
        policy = validated(Policy, at, names, self.problems) if at else None
        declared = [row for domain in self.domains for row in self._invariants(*domain, names)]
        self._duplicates()
        if at and policy:
            own = policy.contradictions()
            self._contradicted(at, own)
            # What an invariant says against a policy that contradicts itself is not worth saying.
            for row in () if own else declared:
                self._contradicted(row.section, row.invariant.contradictions(policy))
        prices = self._prices(names, providers)
        for row in () if "prices" in self.once else declared:
            if row.invariant.needs_prices:
                self._say(
                    row.section, ("kind",), "an invariant about cost needs prices, and no file declares them"
                )
        return providers.root if providers else None, policy, prices, declared

    def _prices(self, names: Names, providers: Providers | None) -> PriceBook:
        """Return the price book with what is to be filled in; an empty one where none is declared."""
        at = self.once.get("prices")
        book = validated(PriceBook, at, names, self.problems) if at else None
        if at is None or book is None:
            return PriceBook()
        wrong = book.contradictions()
        self._contradicted(at, wrong)
        self.warnings += [problem(at, steps, message) for steps, message in book.warnings()]
        if providers and not wrong:
            book, missing = filled(book, providers.root)
            self._contradicted(at, missing)
        return book

    def _items(self, invariants: Section) -> list[Section]:
        count = len(invariants.data) if isinstance(invariants.data, list) else 0
        return [Section(invariants.document, (*invariants.root, index)) for index in range(count)]

    def _invariants(self, title: Section, invariants: Section, names: Names) -> list[_Declared]:
        domain = validated(_Title, title, names, self.problems)
        if not isinstance(invariants.data, list) or not invariants.data:
            self._say(invariants, (), f"expected a list of invariants, found {shown(invariants.data)}")
        found = []
        for section in self._items(invariants):
            model = self._model(section)
            invariant = validated(model, section, names, self.problems) if model else None
            if invariant and domain:
                found.append(_Declared(domain.root, invariant, section))
        return found

    def _model(self, section: Section) -> type[Invariant] | None:
        if not isinstance(section.data, dict):
            self._say(section, (), f"expected an invariant, found {shown(section.data)}")
            return None
        kind = section.data.get("kind")
        if isinstance(kind, str) and kind in self.kinds:
            return self.kinds[kind]
        if "kind" in section.data:
            self._say(section, ("kind",), f"{shown(kind)} is not a kind{near(kind, self.kinds)}")
        else:
            self._say(section, (), f"the field 'kind' is missing (allowed: {', '.join(self.kinds)})")
        return None

    def _duplicates(self) -> None:
        first: dict[str, Place] = {}
        for _, invariants in self.domains:
            for section in self._items(invariants):
                word = section.data.get("id") if isinstance(section.data, dict) else None
                if not isinstance(word, str):
                    continue
                if word in first:
                    self._say(section, ("id",), f"{shown(word)} is declared twice, first at {first[word]}")
                first.setdefault(word, section.place("id"))

    def _contradicted(self, section: Section, contradictions: Sequence[Contradiction]) -> None:
        for steps, message in contradictions:
            self._say(section, steps, message)

    def _say(self, section: Section, steps: Steps, message: str, place: Place | None = None) -> None:
        self.problems.append(problem(section, steps, message, place))
