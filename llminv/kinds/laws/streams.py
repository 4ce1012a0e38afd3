"""What the kinds about streams share: what each provider said, what the consumer got, how both are shown.

A provider says in an attempt what its act says. An attempt is whole where the provider answered with all of
it; a stream that broke off, for whatever reason, is none, and said what came before. What the consumer got
is the text of all chunks together, str chunks and others alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from llminv.history import Attempt
from llminv.kinds.laws import routing
from llminv.kinds.laws.due import Due, due
from llminv.kinds.laws.reaching import on_the_way
from llminv.kinds.laws.routing import Route
from llminv.scenario import Act, Call, Said, Scenario, Script, default_text
from llminv.simulation.dialects import DIALECTS
from llminv.simulation.faults import FAULTS, Effect, Where
from llminv.simulation.plan import begun

if TYPE_CHECKING:
    from llminv.declaration.promise import Promise

# The faults that break a stream off, simplest first.
BREAKING = tuple(
    name
    for name, fault in FAULTS.items()
    if fault.where is Where.BODY and fault.effect not in (Effect.BODY, Effect.ANSWER)
)
# What can have become of a text.
TEXT_CODES: Mapping[str, str] = MappingProxyType(
    {
        "text_lost": "The consumer got less than the provider sent: a part of the text is missing.",
        "text_added": "The consumer got more than the provider sent: something twice, or what nobody said.",
        "text_changed": "The consumer got another text than the provider sent.",
    }
)
# How much of a text, and of the bytes of a response, a finding shows on each side of a place.
SHOWN_BEFORE = 24
SHOWN_AFTER = 40
# The edge of a chunk, and a byte of a character in whose middle one stands, as a history writes it.
_EDGE = re.compile(rb"\r\n[0-9a-f]+\r\n(?:\r\n\Z)?")
_ESCAPED = re.compile(rb"(?<!\\)\\x([89a-f][0-9a-f])")
# Signs that are printed upon their neighbours, or not at all.
_UNSEEN = frozenset({"Mn", "Mc", "Me", "Cf"})


# What is said


def reachable(promise: Promise) -> tuple[str, ...]:
    """Return the providers to break that a call gets to: the first alone, where nothing falls back."""
    first, *others = routing.chain_of(promise)
    return (first, *(provider for provider in others if on_the_way(promise, provider)))


def at(promise: Promise, operation: str, provider: str, act: Act) -> Scenario:
    """Return the scenario in which a call of `operation` gets to `provider`, which does `act`."""
    call = Call(operation, start=routing.start_of(promise))
    return routing.scenario_of(call, (*on_the_way(promise, provider), Script(0, provider, then=act)))


def with_the_way(promise: Promise, faults: Sequence[str]) -> tuple[str, ...]:
    """Return `faults` and those with which calls get past the first provider, simplest first."""
    way = {row.then.fault for name in routing.chain_of(promise) for row in on_the_way(promise, name)}
    return tuple(name for name in FAULTS if name in {*faults, *way})


@dataclass(frozen=True)
class Take:
    """One attempt at an answer: `text` is what the provider said, `whole` whether that was all of it.

    It is `due` where it is whole and the caller has to get it.
    """

    attempt: Attempt
    act: Act
    text: str
    whole: bool
    due: bool

    @property
    def broken(self) -> bool:
        """Whether the provider broke off."""
        return self.attempt.fault in BREAKING


def takes_of(promise: Promise, scenario: Scenario, route: Route) -> list[Take]:
    """Return the attempts of a call in order, with what was to be said in each."""
    return [_take(promise, scenario, attempt) for attempt in route.attempts]


def _take(promise: Promise, scenario: Scenario, attempt: Attempt) -> Take:
    act = scenario.script(attempt.call, attempt.provider).act(attempt.attempt)
    act = replace(act, fault=attempt.fault)  # another one over a connection that was open before a fault
    said = act.said or Said()
    default = "" if said.tool_calls else default_text(attempt.provider, attempt.call)
    text = (default if said.text is None else said.text) * said.times
    whole = attempt.status == 200 and routing.answers(attempt)
    operation = scenario.calls[attempt.call].operation
    meant = act if text else replace(act, said=replace(said, text=""))  # however it is put
    if not whole:
        text = _begun(promise, act, text, attempt) if attempt.fault in BREAKING else ""
    return Take(attempt, act, text, whole, whole and due(promise.policy, operation, meant) is Due.ANSWER)


def _begun(promise: Promise, act: Act, text: str, attempt: Attempt) -> str:
    provider = promise.providers.get(attempt.provider)
    return "" if provider is None else begun(DIALECTS[provider.dialect], act, text)


# What became of it


def difference(sent: str, got: str) -> str | None:
    """Return the finding code of what became of a text, None where nothing did."""
    if got == sent:
        return None
    if _is_part(got, sent):
        return "text_lost"
    return "text_added" if _is_part(sent, got) else "text_changed"


def _is_part(part: str, whole: str) -> bool:
    """Return whether `part` is `whole` with characters left out."""
    rest = iter(whole)
    return all(character in rest for character in part)


def same_start(one: str, other: str) -> int:
    """Return how many characters two texts have in common, from the first one on."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


# How it is shown


def marked(text: str, other: str) -> str:
    """Return a text as a finding shows it: a bar stands where it begins to differ from `other`."""
    same = same_start(text, other)
    before, after = text[max(0, same - SHOWN_BEFORE) : same], text[same : same + SHOWN_AFTER]
    left = "…" if same > SHOWN_BEFORE else ""
    right = "…" if len(text) > same + SHOWN_AFTER else ""
    return f"'{left}{readable(before)}|{readable(after)}{right}' ({len(text)} characters)"


def readable(text: str, kept: str = "") -> str:
    r"""Return `text` with escapes for what cannot be seen by itself, and is not `kept`: \u2028, \x00, \\."""
    return "".join(
        character if character in kept or _seen(character) else _escaped(character) for character in text
    )


def _seen(character: str) -> bool:
    return character.isprintable() and unicodedata.category(character) not in _UNSEEN and character != "\\"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def cut(take: Take, got: str) -> str:
    """Return where the bytes of a response ended too early, and where the act cut them, "" for neither."""
    data, act = take.attempt.text.encode(), take.act
    said = []
    if take.broken:
        last = _readable(data[-SHOWN_AFTER:])
        said.append(f"the response of {take.attempt.provider} ended after {len(data)} bytes, with '…{last}'")
    if act.cut_every == 1:
        differs = take.text[same_start(take.text, got) :][:1]
        pieces = "|".join(f"{byte:02x}" for byte in differs.encode())
        said.append(f"cut after every byte{f', {readable(differs)} into {pieces}' if differs else ''}")
    elif act.cut_every is not None:
        said.append(f"cut after every {act.cut_every} bytes")
    data = _content(take.attempt.text) if act.cuts else b""
    for place in act.cuts:
        before, after = data[max(0, place - SHOWN_BEFORE) : place], data[place : place + SHOWN_BEFORE]
        if after:
            said.append(f"cut at byte {place}, '…{_readable(before)}|{_readable(after)}…'")
    return "".join(f"; {one}" for one in said)


def _content(text: str) -> bytes:
    """Return the bytes of the content of a response as a history has it, without head and edges of chunks."""
    head, _, body = text.partition("\r\n\r\n")
    data = _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), body.encode())
    return _EDGE.sub(b"", b"\r\n" + data) if "transfer-encoding: chunked" in head.lower() else data


def _readable(data: bytes) -> str:
    """Return bytes as text; of a character that is cut, the bytes."""
    return readable(data.decode("utf-8", "backslashreplace"), kept="\\")
