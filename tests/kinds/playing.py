"""Playing a kind against a router in this process: what its cells show, reduced; and removals."""

from dataclasses import fields, replace
from itertools import islice
from pathlib import Path

from local import LocalWorker

from llminv.audit.reduce import Space, reduce
from llminv.kinds import KINDS
from llminv.scenario import ANSWER, Act, Call, Scenario, Script

CALLERS = Path(__file__).with_name("callers.py")
COOLING = Path(__file__).with_name("cooling_routers.py")
# What bare HTTP can be asked to stand, one of each class.
FAULTS = ("http_429", "http_500", "no_answer", "connection_refused", "key_rejected", "error_inside")


def calls(*operations, joins=False, waits=()):
    """Calls of these operations, one after another or all at once, with `waits` before the last ones."""
    before = (0.0,) * (len(operations) - len(waits)) + tuple(waits)
    return tuple(
        Call(name, joins=joins and number > 0, wait_s=wait_s)
        for number, (name, wait_s) in enumerate(zip(operations, before, strict=True))
    )


def down(call, *providers, fault="http_429"):
    """The scripts with which each of `providers` is down for call number `call`."""
    return tuple(Script(call, provider, then=Act(fault)) for provider in providers)


class Playing:
    """One promise against one router; `labels` gathers what was exercised."""

    def __init__(self, router, promise, file=CALLERS):
        self.promise, self.kind, self.labels = promise, KINDS[promise.invariant.kind], set()
        self.spec = f"{file}:{router}"

    def __enter__(self):
        self._worker = LocalWorker(self.promise.setting(), self.spec)
        self._worker.__enter__()
        self.operations = [name for name in self.kind.operations if name in self._worker.offers]
        return self

    def __exit__(self, *exit_):
        self._worker.__exit__(*exit_)

    def history(self, scenario):
        return self._worker.play(scenario)

    def findings(self, scenario):
        history = self.history(scenario)
        self.labels |= self.kind.exercised(self.promise, scenario, history)
        return self.kind.check(self.promise, scenario, history)

    def codes(self, scenario):
        return {finding.code for finding in self.findings(scenario)}

    def minimal(self, cells_max=None):
        """The minimal scenario of each code that a cell shows, reduced from the first cell that shows it."""
        space = Space(self.promise.policy.chain, self.kind.faults(self.promise), self.operations)
        minimal = {}
        for scenario in islice(self.kind.cells(self.promise, self.operations), cells_max):
            for code in self.codes(scenario) - minimal.keys():
                minimal[code] = reduce(
                    scenario, lambda smaller, code=code: code in self.codes(smaller), space
                )
        return minimal

    def kept(self, minimal):
        """What can be taken from each minimal scenario without losing its code: nothing, if minimal means minimal."""
        return [
            (code, less.text)
            for code, scenario in minimal.items()
            for less in removals(scenario)
            if code in self.codes(less)
        ]


def removals(scenario):
    """The scenario without each of its calls, scripts, acts and options."""
    for index in range(len(scenario.calls)) if len(scenario.calls) > 1 else ():
        rows = [
            replace(row, call=row.call - (row.call > index)) for row in scenario.acts if row.call != index
        ]
        yield Scenario(scenario.calls[:index] + scenario.calls[index + 1 :], tuple(rows))
    for index, call in enumerate(scenario.calls):
        for plain in plainer(call, Call(call.operation)):
            yield replace(scenario, calls=(*scenario.calls[:index], plain, *scenario.calls[index + 1 :]))
    for index, row in enumerate(scenario.acts):
        before, after = scenario.acts[:index], scenario.acts[index + 1 :]
        yield replace(scenario, acts=before + after)
        for at in range(len(row.attempts)):
            fewer = replace(row, attempts=row.attempts[:at] + row.attempts[at + 1 :])
            yield replace(scenario, acts=(*before, fewer, *after))
        for plain in plainer(row.then, ANSWER):
            yield replace(scenario, acts=(*before, replace(row, then=plain), *after))


def plainer(value, default):
    for field in fields(value):
        if getattr(value, field.name) != getattr(default, field.name):
            yield replace(value, **{field.name: getattr(default, field.name)})
