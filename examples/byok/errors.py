"""What can be raised: one error inside the router, the others towards its caller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from byok.policy import FaultClass


@dataclass(frozen=True)
class Attempt:
    """A failed attempt, as `NoProviderAvailable` lists it."""

    provider: str
    fault_class: FaultClass
    error: Exception
    status: int | None = None

    def __str__(self) -> str:
        """Say what happened in words that are safe to log: a provider's own text may quote the key."""
        status = "" if self.status is None else f", HTTP {self.status}"
        return f"{self.provider}: {self.fault_class} ({type(self.error).__name__}{status})"


class ProviderError(Exception):
    """How one attempt failed: the only error that an adapter raises, and never seen by the caller.

    `cause` is the error as the SDK raised it; `retry_after_s` is when the provider wants to be asked
    again, None where it does not say.
    """

    def __init__(
        self,
        fault_class: FaultClass,
        cause: Exception,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"{fault_class}: {type(cause).__name__}")
        self.fault_class = fault_class
        self.cause = cause
        self.status = status
        self.retry_after_s = retry_after_s

    def as_attempt(self, provider: str) -> Attempt:
        """Return the failure as that of an attempt at `provider`."""
        return Attempt(provider, self.fault_class, self.cause, self.status)


class NoProviderAvailable(Exception):
    """No provider answered; `attempts` holds every attempt made, in order, each with its error."""

    def __init__(self, attempts: Sequence[Attempt]) -> None:
        reason = "no provider answered" if attempts else "no provider on the route has a key"
        super().__init__("; ".join([reason, *map(str, attempts)]))
        self.attempts = list(attempts)


class StreamInterrupted(Exception):
    """An answer broke off when the caller had got some of it; `attempts` are all that failed, in order.

    What there is of it is not the whole answer, and asking again would say some of it twice.
    """

    def __init__(self, attempts: Sequence[Attempt]) -> None:
        super().__init__("; ".join(["the answer broke off", *map(str, attempts)]))
        self.attempts = list(attempts)


class ContentRefusedError(Exception):
    """A provider refused the prompt in an answer for which its SDK raises no error."""


class ErrorInsideError(Exception):
    """A provider reported an error in a stream that had begun; the words are its own."""


class UnsupportedRequestError(ValueError):
    """The request asks for what not every provider of the chain can do, so no provider is tried."""
