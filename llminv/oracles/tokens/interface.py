"""What a token oracle is: independent knowledge of how many tokens a text or a prompt has.

An oracle is a function of a question and of the evidence that one call left in the history. It answers with
a `Count`, which says how it knows, or with `NoCount` and the reason: it never guesses. Oracles of the table
`ORACLES` are what a declaration names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from llminv.contract import Message
from llminv.declaration.usage import Recorded

# Tools are JSON schemas, hence Any.
Tool = Mapping[str, Any]


class Certainty(StrEnum):
    """How an oracle knows a count, the surest first."""

    EXACT = "exact"
    FRAMED = "exact+framing"
    RECORDED = "recorded"
    PLAYED = "played"
    HEURISTIC = "heuristic"


# Only these may fail a run: a rule of thumb against a rule of thumb proves nothing.
ACCUSING = frozenset(Certainty) - {Certainty.HEURISTIC}


@dataclass(frozen=True)
class Question:
    """What is counted: a text or, where that is None, messages with tools, by `model` of `provider`."""

    provider: str
    model: str
    text: str | None = None
    messages: tuple[Message, ...] = ()
    tools: tuple[Tool, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """What an oracle may look at besides the question.

    `answered` are the counts with which the provider's own counting endpoint answered the call, in order.
    """

    answered: tuple[int, ...] = ()
    recorded: Sequence[Recorded] = ()


@dataclass(frozen=True)
class Count:
    """How many tokens, how that is known, and by what; `also` are other counts that are as right."""

    tokens: int
    certainty: Certainty
    source: str
    also: tuple[int, ...] = ()


@dataclass(frozen=True)
class NoCount:
    """Why there is no count."""

    reason: str


@dataclass(frozen=True)
class Oracle:
    """A row of the table: `missing` says what has to be installed first, "" where all is there."""

    name: str
    summary: str
    count: Callable[[Question, Evidence], Count | NoCount]
    missing: Callable[[], str] = lambda: ""
