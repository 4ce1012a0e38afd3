"""What can be raised: one error inside the router, four towards its caller."""

from __future__ import annotations

from collections.abc import Sequence

from raw.policy import FaultClass


class ProviderError(Exception):
    """How one attempt failed; `retry_after_s` is when the provider wants to be asked again, if it says.

    The message is in our own words, safe to log; `detail`, the provider's, may quote the key or the prompt.
    """

    provider = ""  # the router knows it, and sets it

    def __init__(
        self, fault_class: FaultClass, reason: str, *, retry_after_s: float | None = None, detail: str = ""
    ) -> None:
        super().__init__(f"{fault_class} ({reason})")
        self.fault_class = fault_class
        self.retry_after_s = retry_after_s
        self.detail = detail


class RouterError(Exception):
    """The call failed; `attempts` holds every attempt that failed, in order."""

    def __init__(self, attempts: Sequence[ProviderError]) -> None:
        said = [f"{attempt.provider}: {attempt}" for attempt in attempts]
        super().__init__("; ".join(said) or "no provider on the route has a key")
        self.attempts = tuple(attempts)


class NoProviderAvailable(RouterError):
    """Every provider failed."""


class RequestRefusedError(RouterError):
    """A provider refused the request or its content, as every other one would."""


class StreamInterrupted(RouterError):
    """The answer broke off when the caller had got some of it: that is not all of it, and is not repeated."""


class UnsupportedRequestError(ValueError):
    """The request asks for what not every provider can do, so none was asked."""
