"""Whether an error that a caller got is the failure which a provider reported, as it is or wrapped.

It is where the caller can tell what was refused. Handlers do that in many right ways: they let the client's
own exception through, raise one of their own from it, or say the status or the provider's words in a message.
So an error counts as the failure if, anywhere in it or in the exceptions behind it, stands the status or its
phrase, a text of the provider's answer, or a word for the class of the fault. A class of the handler's own,
or of a library, may say as much in its attributes or its name. What is left is a bare exception of Python's
that says nothing of this: the handler stumbled over the failure (KeyError: 'choices'), or threw it away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from llminv.history import Attempt, Raised
from llminv.kinds.laws.routing import class_of

# Words for the classes of faults, as people write them in messages and in names of exceptions.
_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "rate_limit": "rate.?limit|too.?many|throttl",
        "timeout": "time.?out|timed out|deadline",
        "server_error": "server.?error|internal|upstream",
        "invalid_key": "(api|invalid|wrong).?key|auth|credential|permission|forbidden",
        "unavailable": "unavailable|overload|capacity|busy",
        "quota": "quota|credit|billing|balance|payment",
        "bad_request": "(bad|invalid).?(request|argument|input)|not.?found|too.?large|unprocessable",
        "content_policy": "policy|refus|block|filter|safety|moderat|prohibit",
    }
)
# The texts in a JSON answer that are neither names of fields nor too short to be the provider's own.
_SAID = re.compile(r':\s*"((?:[^"\\]|\\.){6,})"')
# Of a long text so much is enough to know it again: handlers cut messages short.
_ENOUGH = 40
_BUILTIN = "builtins"


def is_recognisable(outcome: Raised, attempt: Attempt) -> bool:
    """Return whether `outcome` lets its caller tell the failure that `attempt` met."""
    errors = (outcome.error, *outcome.chain)
    if any(error.module != _BUILTIN for error in errors):
        return True
    texts = [*(f"{error.type}: {error.message}" for error in errors), *outcome.attempts]
    told = "\n".join(texts).casefold()
    return any(re.search(sign, told) for sign in _signs(attempt))


def _signs(attempt: Attempt) -> list[str]:
    """Return what, in small letters, tells the failure: patterns, of which one is enough."""
    fault_class = class_of(attempt.fault) or ""
    signs = [_WORDS[fault_class]] if fault_class in _WORDS else []
    if attempt.status is not None and attempt.status != HTTPStatus.OK:
        signs.append(rf"\b{attempt.status}\b")
        phrases = {status.value: status.phrase for status in HTTPStatus}
        signs += [re.escape(phrases[attempt.status].casefold())] if attempt.status in phrases else []
    said = (text[:_ENOUGH].casefold() for text in _SAID.findall(attempt.text))
    return [*signs, *map(re.escape, said)]
