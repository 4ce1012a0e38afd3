"""Routers with a cooldown: correct ones, one for each reading of the policy, and each other with one bug."""

from __future__ import annotations

import time

from whole_router import ProviderFailed, ProviderRefused, WholeRouter


class Cools(WholeRouter):
    """Counts calls, and starts anew after a cooldown; the next ones read "failures in a row" otherwise."""

    stream = None
    after_failures, seconds = 3, 60.0
    by_attempts = goes_on = False
    retries = 0

    def __init__(self):
        self.counts, self.until = {}, {}

    @property
    def formats(self):
        now = time.monotonic()
        whole = WholeRouter.formats
        return [made for made in whole if self.until.get(made.name, now) <= now] or whole

    def ask(self, provider, request, streaming):
        for left in range(self.retries, -1, -1):
            try:
                answer = super().ask(provider, request, streaming)
                self.answered(provider.name)
                break
            except (ProviderFailed, OSError) as error:
                if (self.by_attempts or not left) and self.counts_as_failure(error):
                    self.failed_once(provider.name)
                if not left:
                    raise
            except ProviderRefused:
                self.refused(provider.name)
                raise
        return answer

    def counts_as_failure(self, error):
        return True

    def answered(self, name):
        self.counts[name] = 0

    def refused(self, name):
        """Take in what the policy raises: it tells nothing of the provider."""

    def failed_once(self, name):
        self.counts[name] = self.counts.get(name, 0) + 1
        if self.counts[name] >= self.after_failures:
            self.cool(name)

    def cool(self, name):
        self.until[name] = time.monotonic() + self.seconds
        if not self.goes_on:
            self.counts[name] = 0


class CoolsAgainAtOnce(Cools):
    goes_on = True


class CountsAttempts(Cools):
    by_attempts, retries = True, 2


class CountsAttemptsOn(CountsAttempts):
    goes_on = True


class Retries(Cools):
    retries = 2


class OnTrial(Cools):
    """After a cooldown a provider is on trial: it is well if it answers, and rests again if it fails."""

    after_failures, goes_on = 1, True

    def on_trial(self, name):
        return self.counts.get(name, 0) >= self.after_failures


class IsWellIfItRefuses(OnTrial):
    def refused(self, name):
        self.answered(name)


class IsWellIfItRefusesOnTrial(OnTrial):
    def refused(self, name):
        if self.on_trial(name):
            self.answered(name)


class RestsAgainIfItRefuses(OnTrial):
    def refused(self, name):
        if self.on_trial(name):
            self.cool(name)


class CoolsEveryWay(Cools):
    stream = WholeRouter.stream


class CountsAttemptsEveryWay(CountsAttempts):
    stream = WholeRouter.stream


class CoolsUnasked(Cools):
    """With `cooldown: none` declared."""


class NeverCools(Cools):
    def cool(self, name):
        pass


class CoolsTooShort(Cools):
    seconds = 30.0


class CoolsTooLong(Cools):
    seconds = 120.0


class CoolsForEver(Cools):
    seconds = float("inf")


class CoolsTooSoon(Cools):
    after_failures = 2


class CoolsTooLate(Cools):
    after_failures = 4


class CountsTheDeclared(Cools):
    """Right where an error of the server and a timeout do not count."""

    def counts_as_failure(self, error):
        return not isinstance(error, TimeoutError) and "500" not in str(error)


class CountsEveryFailure(Cools):
    """Right where every failure is declared to count; it does not ask which it is."""


class NeverForgives(Cools):
    def answered(self, name):
        pass


class ForgetsAfterASuccess(Cools):
    def answered(self, name):
        self.counts, self.until = {}, {}


class CountsTheRefused(Cools):
    """Right where a request that is not valid is declared to count."""

    def refused(self, name):
        self.failed_once(name)


class CountsTheRefusedAlone(CountsTheRefused):
    """With `cooldown: none` declared."""

    def counts_as_failure(self, error):
        return False


class NeverGivesATrialBack(OnTrial):
    def refused(self, name):
        if self.on_trial(name):
            self.until[name] = float("inf")


class CoolsOnce(Cools):
    def cool(self, name):
        self.until.setdefault(name, time.monotonic() + self.seconds)


class CoolsTheFirstOnly(Cools):
    def cool(self, name):
        if name == "openai":
            super().cool(name)


class KeepsTheFirstDeadline(Cools):
    def cool(self, name):
        if self.until.get(name, 0.0) <= time.monotonic():
            super().cool(name)


class KeepsTheFirstDeadlineAtOnce(KeepsTheFirstDeadline):
    """Cools after one failure."""

    after_failures = 1


class CoolsAtOnce(Cools):
    after_failures = 1


class ForgetsTheRefused(CoolsAtOnce):
    """With a request that is not valid among what is declared to count."""


class RaisesWhenAllRest(CoolsAtOnce):
    """Right where a call that finds all in cooldown is to raise."""

    @property
    def formats(self):
        now = time.monotonic()
        return [made for made in WholeRouter.formats if self.until.get(made.name, now) <= now]


class AnswersWhenAllRest(RaisesWhenAllRest):
    def complete(self, request):
        return super().complete(request) if self.formats else "Please come back later."


class RaisesAnotherWhenAllRest(RaisesWhenAllRest):
    def complete(self, request):
        if not self.formats:
            raise RuntimeError("all in cooldown")
        return super().complete(request)


class LiftsACooldownAtOnce(CoolsAtOnce):
    """Asks all where all rest; who answers then rests no longer."""

    def answered(self, name):
        super().answered(name)
        self.until.pop(name, None)
