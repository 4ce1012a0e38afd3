"""Counters of tokens for the kinds about tokens: a right one of a few lines, and wrong ones made of it."""

from __future__ import annotations

import http.client
import json
import time
from decimal import Decimal

from llminv.oracles.tokens import bpe, deepseek
from llminv.oracles.tokens.models import family_of

HOSTS = {
    "anthropic": ("api.anthropic.com", "/v1/messages/count_tokens"),
    "gemini": ("generativelanguage.googleapis.com", "/v1beta/models/m:countTokens"),
}


def words_of(messages):
    """All texts that are sent, each with what is spent on its message."""
    for message in messages:
        content = message.get("content") or ""
        texts = [content] if isinstance(content, str) else [part["text"] for part in content]
        calls = message.get("tool_calls") or ()
        yield from ([message["role"], *texts, *map(json.dumps, calls)])


class Right:
    """Counts by the oracles' own tokenizers, and asks where there is none."""

    def count_tokens(self, said, *, provider, model, tools=()):
        if said == "":
            return 0
        if provider in HOSTS:
            return self.asked(provider, said, tools)
        if isinstance(said, str):
            return self.text(provider, model, said)
        texts = [*words_of(said), *map(json.dumps, tools)]
        return 3 + 3 * len(said) + sum(self.text(provider, model, text) for text in texts)

    def text(self, provider, model, text):
        pieces = [text[at : at + 10_000] for at in range(0, len(text), 10_000)]
        if provider == "deepseek":
            return sum(map(deepseek.tokens_of, pieces))
        family = family_of(model)
        encoding = family.encoding if family else "o200k_base"
        return sum(bpe.tokens_of(encoding, piece) for piece in pieces)

    def asked(self, provider, said, tools):
        host, path = HOSTS[provider]
        connection = http.client.HTTPSConnection(host)
        connection.request("POST", path, json.dumps({"contents": said, "tools": tools}))
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer.get("input_tokens") or answer["totalTokens"]


class AskedTwice(Right):
    """Takes the frame of an empty message off, as an endpoint reports it."""

    def asked(self, provider, said, tools):
        if not isinstance(said, str):
            return super().asked(provider, said, tools)
        return super().asked(provider, said, tools) - super().asked(provider, "", tools)


class CallsIgnored(Right):
    def count_tokens(self, said, **about):
        if not isinstance(said, str):
            said = [{name: value for name, value in one.items() if name != "tool_calls"} for one in said]
        return super().count_tokens(said, **about)


class UpTo1000(Right):
    """Counts the beginning of a text."""

    most = 1_000

    def text(self, provider, model, text):
        return super().text(provider, model, text[: self.most])


class UpTo4000(UpTo1000):
    most = 4_000


class UpTo20000(UpTo1000):
    most = 20_000


class UpTo100000(UpTo1000):
    most = 100_000


class UpTo131072Tokens(Right):
    """Counts up to where a window ends."""

    def text(self, provider, model, text):
        return min(super().text(provider, model, text), 131_072)


class KeptByTheBeginning(Right):
    """Counts once what it takes for the same: texts that begin alike."""

    def __init__(self):
        self.kept = {}

    def key(self, said, model):
        return said[:200], model

    def count_tokens(self, said, *, provider, model, tools=()):
        if not isinstance(said, str):
            return super().count_tokens(said, provider=provider, model=model, tools=tools)
        key = (provider, *self.key(said, model))
        if key not in self.kept:
            self.kept[key] = super().count_tokens(said, provider=provider, model=model)
        return self.kept[key]


class KeptByTheEnds(KeptByTheBeginning):
    def key(self, said, model):
        return said[:1_000], said[-1_000:], model


class KeptByTheLength(KeptByTheBeginning):
    def key(self, said, model):
        return len(said), model


class KeptForAnyModel(KeptByTheBeginning):
    def key(self, said, model):
        return (said,)


class Kept(KeptByTheBeginning):
    def key(self, said, model):
        return said, model


class Low(Right):
    def count_tokens(self, said, **about):
        return super().count_tokens(said, **about) * 9 // 10


class High(Right):
    def count_tokens(self, said, **about):
        return -(-super().count_tokens(said, **about) * 11 // 10)


class Half(Right):
    def count_tokens(self, said, **about):
        return super().count_tokens(said, **about) // 2


class Double(Right):
    def count_tokens(self, said, **about):
        return super().count_tokens(said, **about) * 2


class AnswerIgnored(Right):
    """Asks the endpoint, and then goes by a rule of thumb."""

    def asked(self, provider, said, tools):
        super().asked(provider, said, tools)
        return len(str(said)) // 2


class NobodyAsked(Right):
    """Counts Claude and Gemini by a rule of thumb: hardly anything is known that could prove it wrong."""

    def asked(self, provider, said, tools):
        texts = [said] if isinstance(said, str) else words_of(said)
        return max(1, sum(map(len, texts)) // 4)


class Floats(Right):
    def count_tokens(self, said, **about):
        return float(super().count_tokens(said, **about))


class Nan(Right):
    def count_tokens(self, said, **about):
        return float("nan") if said else 0


class Truths(Right):
    def count_tokens(self, said, **about):
        return bool(said)


class Decimals(Right):
    def count_tokens(self, said, **about):
        return Decimal(super().count_tokens(said, **about))


class Nothing(Right):
    def count_tokens(self, said, **about):
        return None


class Negative(Right):
    def count_tokens(self, said, **about):
        return -super().count_tokens(said, **about)


class EmptyIsOne(Right):
    def count_tokens(self, said, **about):
        return super().count_tokens(said, **about) or 1


class Zero(Right):
    def count_tokens(self, said, **about):
        return 0


class Stripped(Right):
    """Takes special tokens for markup."""

    def text(self, provider, model, text):
        return super().text(provider, model, text.replace("<|endoftext|>", ""))


class Collapsed(Right):
    """Reads a special token's literal as that token."""

    def text(self, provider, model, text):
        tokens = super().text(provider, model, text.replace("<|endoftext|>", ""))
        return tokens + text.count("<|endoftext|>")


class LastMessages(Right):
    """Counts what fits into its window: the last two messages, and no more than that."""

    def count_tokens(self, said, **about):
        return super().count_tokens(said if isinstance(said, str) else said[:1], **about)


class Cut(Right):
    """Counts the first hundred characters, and less the more there are."""

    def text(self, provider, model, text):
        return max(1, super().text(provider, model, text[:100]) - len(text) // 100)


class Raises(Right):
    def count_tokens(self, said, **about):
        raise RuntimeError("no")


class Waits(Right):
    def count_tokens(self, said, **about):
        time.sleep(200_000)


class Slow(Right):
    """Is busy for as long as the text: a quadratic tokenizer, seen from far."""

    def count_tokens(self, said, **about):
        ends_s = time.process_time() + (0.3 if len(said) > 500 else 0.0)
        while time.process_time() < ends_s:
            pass
        return super().count_tokens(said, **about)
