"""What is added to a prompt or a text, and has to be counted: the pairs of calls of token_totality.

The law is not that more characters are more tokens: to a correct tokenizer " strawberr" is three and
" strawberry" one, because what is appended merges with the end of what was there. But a sentence of a dozen
words on a line of its own has its own tokens, whatever stands before it; so has a message, of which the role
and the frame are billed too, and a tool, of which every provider bills name, description and parameters. What
a model has called is sent back to it with its arguments, so a sentence more in these is billed as well:
https://platform.openai.com/docs/guides/function-calling#token-usage,
https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview#pricing,
https://ai.google.dev/gemini-api/docs/tokens.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from llminv.scenario import Call
from llminv.simulation.dialects.neutral import function_tool, message
from llminv.simulation.dialects.values import mapping, object_of, objects, text_of

SENTENCE = "Whatever was said before, these twelve words have tokens of their own."
TOOL = function_tool(
    "count_apples",
    "Says how many apples there are in a basket of the given color.",
    {"type": "object", "properties": {"color": {"type": "string", "description": "Of the basket."}}},
)


def _text(call: Call) -> Call | None:
    if call.text is None:
        return None
    return replace(call, text=f"{call.text * call.times}\n\n{SENTENCE}", times=1)


def _message(call: Call) -> Call | None:
    if call.text is not None:
        return None
    return replace(call, messages=(*call.messages, message("user", SENTENCE)))


def _part(call: Call) -> Call | None:
    """Add a part of text to the last message, where that consists of parts."""
    content = call.messages[-1].get("content") if call.text is None and call.messages else None
    if not isinstance(content, Sequence) or isinstance(content, str):
        return None
    parts = [*content, {"type": "text", "text": SENTENCE}]
    return replace(call, messages=(*call.messages[:-1], {**call.messages[-1], "content": parts}))


def _tool(call: Call) -> Call | None:
    return None if call.text is not None else replace(call, tools=(*call.tools, TOOL))


def _call(call: Call) -> Call | None:
    """Add a sentence to the arguments of the last tool that was called, where these are an object."""
    for index, said in reversed([*enumerate(call.messages if call.text is None else ())]):
        called = objects(said.get("tool_calls"))
        if not called:
            continue
        function = mapping(called[-1].get("function"))
        arguments = object_of(text_of(function.get("arguments")) or "null")
        if not isinstance(arguments, dict):
            return None
        longer = json.dumps({**arguments, "note": SENTENCE}, ensure_ascii=False)
        last = {**called[-1], "function": {**function, "arguments": longer}}
        changed = {**said, "tool_calls": [*called[:-1], last]}
        return replace(call, messages=(*call.messages[:index], changed, *call.messages[index + 1 :]))
    return None


# What can be added to a call, by the word in YAML; None where it cannot be added to that call.
ADDITIONS: Mapping[str, Callable[[Call], Call | None]] = MappingProxyType(
    {"text": _text, "message": _message, "part": _part, "tool": _tool, "call": _call}
)


def added(before: Call, after: Call) -> str | None:
    """Return what `after` has more than `before`, None where it is nothing of the table."""
    return next((word for word, add in ADDITIONS.items() if add(before) == after), None)
