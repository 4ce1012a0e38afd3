"""The oracle `recorded`: what the provider billed for that very prompt, or for that very text as an answer.

A handler that asks the provider's counting endpoint instead of a tokenizer gets the simulation's answer, so
then that is the truth (see `played`).
"""

from __future__ import annotations

from collections.abc import Iterator

from llminv.declaration.usage import Recorded
from llminv.oracles.tokens import played
from llminv.oracles.tokens.interface import Certainty, Count, Evidence, NoCount, Oracle, Question
from llminv.oracles.tokens.models import bare


def questions(line: Recorded) -> Iterator[Question]:
    """Yield what `line` knows the count of: the prompt, and the text of the answer."""
    if line.billed_input is not None:
        yield Question(line.provider, line.model, messages=line.messages, tools=line.tools)
    if line.billed_output is not None and line.output:
        yield Question(line.provider, line.model, text=line.output)


def _count(question: Question, evidence: Evidence) -> Count | NoCount:
    if evidence.answered:
        return played.ORACLE.count(question, evidence)
    for line in evidence.recorded:
        if (line.provider, bare(line.model)) != (question.provider, bare(question.model)):
            continue
        for known in questions(line):
            if (known.text, known.messages, known.tools) == (
                question.text,
                question.messages,
                question.tools,
            ):
                billed = line.billed_input if known.text is None else line.billed_output
                if billed is not None:
                    return Count(billed, Certainty.RECORDED, f"billed, see {line.source}")
    return NoCount(f"what {question.provider} bills for this is not recorded")


ORACLE = Oracle("recorded", "what the provider billed, from logs; or what its endpoint answered", _count)
