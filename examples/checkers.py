"""Laws of one's own, for invariants of the kind custom: functions of promise, scenario and history."""

from llminv.declaration.promise import Promise
from llminv.history import History
from llminv.scenario import Scenario
from llminv.verdict import Finding


def requests_bounded(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    """No call costs more attempts than the policy has providers and retries."""
    most = len(promise.policy.chain) * (1 + promise.policy.retries.max)
    findings = []
    for call in range(len(scenario.calls)):
        attempts = history.attempts(call)
        if len(attempts) > most:
            expected, observed = f"a call makes {most} attempts at most", f"it made {len(attempts)}"
            last = attempts[-1]
            findings.append(
                Finding("too_many", expected, observed, call, last.provider, at_s=last.started_at_s)
            )
    return findings
