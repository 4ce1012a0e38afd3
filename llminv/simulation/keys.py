"""What is secret in a scenario, and the words that stand for it wherever something is recorded.

Canaries are `<key:openai>` where openai received its own, or nobody did, and `<key:openai@anthropic>`
where anthropic received it; one that a tenant brought along is of `openai/acme`. A handler may know real
keys, too: those in the environment are `<secret:NAME>`, and what else it puts where a key belongs is
`<key:unknown>` from then on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from llminv.simulation.sites import Setting, canary_forms, owners

# Shorter values are words ("none", "false") and would be found everywhere.
SECRET_CHARACTERS_MIN = 12
_SECRET_NAME = re.compile(r"(?:^|_)(?:KEY|APIKEY|TOKEN|SECRET|PASSWORD|CREDENTIAL)S?(?:_|$)", re.IGNORECASE)
# Headers that hold a credential, maybe after the word of a scheme, and parameters of a query that do.
_CREDENTIALS = frozenset({"authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key"})
_PARAMETER = re.compile(r"(?<=[?&])(?:key|api[-_]?key|access_token)=([^&#]+)", re.IGNORECASE)
_UNKNOWN = "<key:unknown>"


class Keys:
    """The secrets of one scenario."""

    def __init__(self, setting: Setting, tenants: Iterable[str] = ()) -> None:
        self._owners = {
            form: owner for owner, key in owners(setting, tenants).items() for form in canary_forms(key)
        }
        self._words = {
            value: f"<secret:{name}>"
            for name, value in os.environ.items()
            if _SECRET_NAME.search(name) and len(value) >= SECRET_CHARACTERS_MIN and value not in self._owners
        }
        self._canaries = _any_of(self._owners)
        self._secrets = _any_of(self._words)

    def clean(self, text: str, receiver: str | None = None) -> str:
        """Return `text` without secrets; `receiver` is the provider that received it, if one did."""

        def word(match: re.Match[str]) -> str:
            owner = self._owners[match.group()]
            at_home = receiver in (None, owner.partition("/")[0])
            return f"<key:{owner}>" if at_home else f"<key:{owner}@{receiver}>"

        return self._secrets.sub(lambda match: self._words[match.group()], self._canaries.sub(word, text))

    def owners(self, text: str) -> tuple[str, ...]:
        """Return whose canaries stand in `text`, in order of the providers' names."""
        return tuple(sorted({self._owners[form] for form in self._canaries.findall(text)}))

    def learn(self, url: str, headers: Iterable[tuple[str, str]]) -> None:
        """Take what stands in the places of keys for one, wherever it comes from."""
        found = [value.rpartition(" ")[2] for name, value in headers if name.lower() in _CREDENTIALS]
        found += _PARAMETER.findall(url)
        new = {
            value
            for value in found
            if len(value) >= SECRET_CHARACTERS_MIN and not self.owners(value) and value not in self._words
        }
        if new:
            self._words |= dict.fromkeys(new, _UNKNOWN)
            self._secrets = _any_of(self._words)


def _any_of(texts: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(texts, key=len, reverse=True))) or r"(?!)")
