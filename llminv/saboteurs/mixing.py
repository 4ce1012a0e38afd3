"""Saboteurs of several calls: what belongs to one shows in another, or the ways of calling differ."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import fields, replace
from typing import Any, ClassVar

from llminv.contract import Reply, Usage
from llminv.saboteurs.calls import AsksAgain
from llminv.saboteurs.interface import Ask, Asked, Boundary, Course, Emit, Next, Plant, Saboteur, Wait
from llminv.saboteurs.replies import CountsTwice, OtherError, OtherText
from llminv.simulation.sites import Setting

# So long a call waits for the others: longer than slow answers take.
OTHERS_S = 15.0


class Shared(Plant, ABC):
    """Keeps what its calls were told in one place, where the last to look finds that of another."""

    told_fields: ClassVar[tuple[str, ...]] = ("usage", "provider")

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._told: dict[int, Reply] = {}

    @abstractmethod
    def mixed(self, own: Reply, others: list[Reply]) -> Reply:
        """Return what a call is told in place of its `own` reply."""

    def _exchanged(self, asked: Asked, own: Reply) -> Course[Reply]:
        self._told[asked.call] = own
        yield Wait(OTHERS_S)
        others = [reply for call, reply in self._told.items() if call != asked.call]
        mixed = self.mixed(own, others) if others else own
        if mixed != own:
            self.act()
        return mixed

    def whole(self, asked: Asked) -> Course[Reply]:
        reply = yield from super().whole(asked)
        return (yield from self._exchanged(asked, reply))

    def stream(self, asked: Asked) -> Course[None]:
        yield Ask(asked.request)
        chunks = []
        while (chunk := (yield Next())) is not None:
            chunks.append(chunk)
        told: dict[str, Any] = {}  # the fields of a reply
        for chunk in chunks:
            for name in self.told_fields:
                if getattr(chunk, name) is not None:
                    told[name] = getattr(chunk, name)
        own = Reply("".join(chunk.text for chunk in chunks), **told)
        mixed = yield from self._exchanged(asked, own)
        for chunk in chunks:
            changes: dict[str, Any] = {"text": mixed.text if chunk is chunks[0] else ""}
            changes = changes if mixed.text != own.text else {}
            changes |= {name: getattr(mixed, name) for name in told if getattr(chunk, name) is not None}
            yield Emit(replace(chunk, **changes))


class SwapsTexts(Shared):
    """Gives a call the text of another."""

    def mixed(self, own: Reply, others: list[Reply]) -> Reply:
        return replace(own, text=others[0].text)


class AddsUsages(Shared):
    """Adds up the usage of all calls."""

    def mixed(self, own: Reply, others: list[Reply]) -> Reply:
        usages = [reply.usage for reply in (own, *others) if reply.usage is not None]
        names = [field.name for field in fields(Usage)]
        if own.usage is None or len(usages) < 2:
            return own
        counts = {name: [getattr(usage, name) for usage in usages] for name in names}
        return replace(own, usage=Usage(**{name: _sum(some) for name, some in counts.items()}))


def _sum(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


class OthersProvider(Shared):
    """Names the provider that served another call."""

    def mixed(self, own: Reply, others: list[Reply]) -> Reply:
        names = [reply.provider for reply in others if reply.provider not in (None, own.provider)]
        return replace(own, provider=names[0]) if own.provider and names else own

    def stream(self, asked: Asked) -> Course[None]:
        return Plant.stream(self, asked)


def in_one_way(plant: type[Plant]) -> type[Plant]:
    """Return the plant that does the same in all ways of calling but the one that it sees first."""

    class InOneWay(plant):  # type: ignore[valid-type, misc]  # a class made of a class
        first: str | None = None

        def _spares(self, asked: Asked) -> bool:
            self.first = self.first or asked.operation
            return asked.operation == self.first

        def whole(self, asked: Asked) -> Course[Reply]:
            return Plant.whole(self, asked) if self._spares(asked) else super().whole(asked)

        def stream(self, asked: Asked) -> Course[None]:
            return Plant.stream(self, asked) if self._spares(asked) else super().stream(asked)

    return InOneWay


ONE_CALL = "no two calls were answered"
ONE_WAY = "the handler offers one way of calling"

ROWS = (
    Saboteur(
        "swaps_texts",
        Boundary.REPLY,
        ("text_mixed",),
        "gives a call the answer to another one",
        "https://github.com/mastra-ai/mastra/issues/9564",
        SwapsTexts,
        ONE_CALL,
    ),
    Saboteur(
        "adds_usages",
        Boundary.REPLY,
        ("usage_mixed",),
        "adds the usage of all calls up in one place",
        "https://github.com/mastra-ai/mastra/issues/9564",
        AddsUsages,
        "the handler does not report usage",
    ),
    Saboteur(
        "names_the_others_provider",
        Boundary.REPLY,
        ("provider_mixed",),
        "remembers who served a call in a place that all calls share",
        "https://github.com/mastra-ai/mastra/issues/9564",
        OthersProvider,
        "the handler does not report the provider",
    ),
    Saboteur(
        "asks_again_in_one_way",
        Boundary.CALL,
        ("attempts_differ",),
        "tries more often in one way of calling than in another",
        "https://github.com/googleapis/python-genai/issues/2044",
        in_one_way(AsksAgain),
        ONE_WAY,
    ),
    Saboteur(
        "another_error_in_one_way",
        Boundary.REPLY,
        ("error_differs",),
        "raises another error in one way of calling",
        "https://github.com/BerriAI/litellm/issues/22296",
        in_one_way(OtherError),
        ONE_WAY,
    ),
    Saboteur(
        "another_text_in_one_way",
        Boundary.REPLY,
        ("text_differs",),
        "loses the answer in one way of calling",
        "https://github.com/langchain-ai/langchain/issues/38886",
        in_one_way(OtherText),
        ONE_WAY,
    ),
    Saboteur(
        "counts_usage_twice_in_one_way",
        Boundary.REPLY,
        ("usage_differs",),
        "reports another usage in one way of calling",
        "https://github.com/BerriAI/litellm/issues/4965",
        in_one_way(CountsTwice),
        "the handler offers one way of calling, or does not report usage in two",
    ),
)
