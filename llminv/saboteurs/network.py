"""Saboteurs of the network: what becomes of the handler's requests.

Those that keep a request from arriving, or send it again, only do to a handler what the libraries under it
might: what a provider receives is what the handler sent. Those that change a request on its way, or make one
up, forge what was received, and say so.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import ClassVar

from llminv.saboteurs.interface import Boundary, Plant, Saboteur
from llminv.simulation.http import HttpRequest
from llminv.simulation.providers import marker
from llminv.simulation.sites import Setting, Site, canary, sites_of
from llminv.simulation.wire import Wire

# More than any policy lets a provider be asked again by itself.
RETRIES = 2


class Remembering(Plant, ABC):
    """Remembers which providers each call has sent requests to, in order."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._sent: dict[int, list[str]] = {}

    def sent(self, wire: Wire) -> list[str]:
        """Return the providers of the earlier requests of the same call."""
        return self._sent.setdefault(wire.call, [])

    def carry(self, wire: Wire) -> None:
        if self.stops(wire):
            self.act()
            wire.reset()
        else:
            wire.send()
        self.sent(wire).append(wire.site.provider)

    @abstractmethod
    def stops(self, wire: Wire) -> bool:
        """Return whether the request never arrives."""


class SkipsTheFirst(Remembering):
    """The requests to the provider that a call tries first never arrive."""

    def stops(self, wire: Wire) -> bool:
        return wire.site.provider == next(iter(self.sent(wire)), wire.site.provider)


class OnlyTheFirst(Remembering):
    """Only the requests to the provider that a call tries first arrive."""

    def stops(self, wire: Wire) -> bool:
        return wire.site.provider != next(iter(self.sent(wire)), wire.site.provider)


class NoRetries(Remembering):
    """Of the requests to a provider only the first arrives."""

    def stops(self, wire: Wire) -> bool:
        return wire.site.provider in self.sent(wire)


class LeftAloneForEver(Remembering):
    """A provider that has failed once is never reached by later calls."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._failed: dict[str, int] = {}

    def stops(self, wire: Wire) -> bool:
        if wire.fails:
            self._failed.setdefault(wire.site.provider, wire.call)
        return wire.call > self._failed.get(wire.site.provider, wire.call)


class RetriesUnderneath(Plant):
    """Sends again by itself what fails, and hands on only what came last."""

    def carry(self, wire: Wire) -> None:
        for _ in range(RETRIES):
            if not wire.fails:
                break
            self.act()
            wire.send_aside()
        wire.send()


class Forging(Plant, ABC):
    """Changes requests on their way."""

    def carry(self, wire: Wire) -> None:
        forged = self.forged(wire)
        if forged != wire.request:
            self.act()
        wire.send(forged)

    @abstractmethod
    def forged(self, wire: Wire) -> HttpRequest:
        """Return the request that arrives."""


def _with_header(request: HttpRequest, name: str, value: str) -> HttpRequest:
    return replace(request, headers=(*request.headers, (name, value)))


class CarriesKeys(Forging):
    """The key of the provider before comes along with requests to the next."""

    last: str | None = None

    def forged(self, wire: Wire) -> HttpRequest:
        before, self.last = self.last, wire.site.provider
        if before in (None, wire.site.provider):
            return wire.request
        return _with_header(wire.request, "x-forwarded-authorization", f"Bearer {canary(before or '')}")


class OtherModelAsked(Forging):
    """Every provider is asked for a model that is not its own."""

    def forged(self, wire: Wire) -> HttpRequest:
        asked = wire.site.dialect.parse(wire.request)
        model = asked.model if asked is not None else ""
        if not model:
            return wire.request
        old, new = model.encode(), f"{model}-preview".encode()
        return replace(
            wire.request,
            target=wire.request.target.replace(model, new.decode()),
            body=wire.request.body.replace(b'"' + old + b'"', b'"' + new + b'"'),
        )


class OtherPath(Forging):
    """Requests go to a path of another version of the provider's interface."""

    def forged(self, wire: Wire) -> HttpRequest:
        return replace(wire.request, target=f"/v0{wire.request.target}")


class ForeignHeader(Forging):
    """Headers of one format come along with requests in another."""

    headers: ClassVar[tuple[tuple[str, str, str], ...]] = (
        ("anthropic-messages", "anthropic-version", "2023-06-01"),
        ("openai-chat", "openai-organization", "org-1"),
    )

    def forged(self, wire: Wire) -> HttpRequest:
        request = wire.request
        for dialect, name, value in self.headers:
            if dialect != wire.site.dialect.name:
                request = _with_header(request, name, value)
        return request


class AsksAStranger(Plant):
    """Beside the first request of a call, a provider is asked that is not in the chain."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._asked: set[int] = set()

    def carry(self, wire: Wire) -> None:
        chain = self.setting["policy"]["chain"]
        stranger = next((site for site in sites_of(self.setting) if site.provider not in chain), None)
        wire.send()
        if stranger is not None and wire.call not in self._asked:
            self._asked.add(wire.call)
            self.act()
            wire.send_aside(_question(stranger, wire.call), stranger)


def _question(site: Site, call: int) -> HttpRequest:
    """Return a request that `site` takes for one of this call."""
    end = next(iter(site.dialect.routes))
    path = f"{site.path}/models/any{end}" if end.startswith(":") else f"{site.path}{end}"
    body = {"model": "any", "messages": [{"role": "user", "content": marker(call)}]}
    return HttpRequest("POST", path, (), json.dumps(body).encode())


ROWS = (
    Saboteur(
        "skips_the_first",
        Boundary.NETWORK,
        ("out_of_order",),
        "fails before it gets to the provider whose turn it is",
        "https://github.com/BerriAI/litellm/issues/23749",
        SkipsTheFirst,
    ),
    Saboteur(
        "only_the_first",
        Boundary.NETWORK,
        ("chain_stopped", "not_moved_on", "not_resumed"),
        "never gets beyond the first provider",
        "https://github.com/mastra-ai/mastra/issues/12756",
        OnlyTheFirst,
        "no call went beyond its first provider",
    ),
    Saboteur(
        "no_retries",
        Boundary.NETWORK,
        ("too_few_attempts",),
        "asks each provider once, whatever the policy says",
        "https://github.com/googleapis/python-genai/issues/2044",
        NoRetries,
        "no provider was asked twice",
    ),
    Saboteur(
        "retries_underneath",
        Boundary.NETWORK,
        ("too_many_attempts", "retried_unretryable"),
        "stands on a library that retries by itself",
        "https://github.com/BerriAI/litellm/issues/3274",
        RetriesUnderneath,
        "no request failed",
    ),
    Saboteur(
        "left_alone_for_ever",
        Boundary.NETWORK,
        ("left_alone",),
        "never comes back to a provider that has failed",
        "https://github.com/BerriAI/litellm/pull/12108",
        LeftAloneForEver,
        "no later call got to a provider that had failed",
    ),
    Saboteur(
        "asks_a_stranger",
        Boundary.NETWORK,
        ("outside_chain",),
        "asks a provider that is not in the chain",
        "https://github.com/maximhq/bifrost/issues/4243",
        AsksAStranger,
        "every provider that is known is in the chain",
        forges=True,
    ),
    Saboteur(
        "carries_keys",
        Boundary.NETWORK,
        ("key_leaked",),
        "sends the key of the provider before to the next",
        "https://github.com/BerriAI/litellm/issues/14371",
        CarriesKeys,
        "no call went beyond its first provider",
        forges=True,
    ),
    Saboteur(
        "another_model_asked",
        Boundary.NETWORK,
        ("wrong_model_asked",),
        "asks for a model that is not the declared one",
        "https://github.com/RightNow-AI/openfang/issues/200",
        OtherModelAsked,
        forges=True,
    ),
    Saboteur(
        "another_path",
        Boundary.NETWORK,
        ("wrong_path",),
        "asks at a path on which the provider does not complete",
        "https://github.com/BerriAI/litellm/issues/41385",
        OtherPath,
        forges=True,
    ),
    Saboteur(
        "foreign_header",
        Boundary.NETWORK,
        ("foreign_field",),
        "sends headers that were meant for another provider",
        "https://github.com/BerriAI/litellm/issues/28238",
        ForeignHeader,
        forges=True,
    ),
)
