import pytest

from llminv.declaration.models import Policy, against_chain, against_fallback, meant
from llminv.simulation.faults import FAULTS, faults_of

POLICY = Policy.model_validate(
    {
        "chain": ["openai", "anthropic", "gemini"],
        "exhausted": "NoProviderAvailable",
        "fallback": ["server_error", "http_429"],
        "raise": ["http_502", "bad_request"],
        "retries": {"max": 1, "faults": ["http_429", "server_error"]},
    }
)


def test_a_fault_by_name_is_more_specific_than_its_class() -> None:
    assert POLICY.stance("http_500") == "fallback"
    assert POLICY.stance("http_502") == "raise"
    assert POLICY.stance("http_429") == "fallback"


def test_the_policy_is_silent_on_what_it_does_not_name() -> None:
    assert POLICY.stance("no_answer") is None
    with pytest.raises(KeyError):
        POLICY.stance("timeout")


def test_the_sets_of_faults() -> None:
    assert POLICY.fallback_faults == {"http_429", *faults_of("server_error")} - {"http_502"}
    assert POLICY.raise_faults == {"http_502", *faults_of("bad_request")}
    assert POLICY.retry_faults == {"http_429", *faults_of("server_error")}
    silent = {fault for fault in FAULTS if POLICY.stance(fault) is None}
    assert silent == FAULTS.keys() - POLICY.fallback_faults - POLICY.raise_faults
    assert meant(("timeout", "no_answer")) == set(faults_of("timeout"))


def test_a_word_in_both_lists_contradicts_itself() -> None:
    both = Policy.model_validate(
        {"chain": ["a"], "exhausted": "E", "fallback": ["timeout"], "raise": ["quota", "timeout"]}
    )
    assert both.contradictions() == [
        (("raise", 1), "'timeout' is in fallback too; it can only be in one of the two")
    ]
    assert POLICY.contradictions() == []


def test_a_narrowed_chain_keeps_the_order_of_the_policy() -> None:
    assert against_chain(POLICY, ("openai", "gemini")) == []
    assert against_chain(POLICY, ("gemini", "deepseek", "openai"), ("x", "chain")) == [
        (("x", "chain", 1), "'deepseek' is not in the chain of the policy (openai, anthropic, gemini)"),
        (
            ("x", "chain", 2),
            "'openai' comes before 'gemini' in the chain of the policy (openai, anthropic, gemini)",
        ),
    ]


def test_failures_that_the_policy_raises_contradict_fallback() -> None:
    assert against_fallback(POLICY, ("http_500", "no_answer", "timeout", "http_429")) == []
    assert against_fallback(POLICY, ("http_502", "server_error", "bad_request")) == [
        (("failures", 0), "the policy raises 'http_502' and does not fall back"),
        (
            ("failures", 1),
            "'server_error' means http_502 too, which the policy raises; name the faults meant",
        ),
        (("failures", 2), "the policy raises 'bad_request' and does not fall back"),
    ]


def test_only_chain_and_exhausted_are_required() -> None:
    policy = Policy.model_validate({"chain": ["a"], "exhausted": "E"})
    assert policy.model_dump(mode="json") == {
        "chain": ["a"],
        "start": "first",
        "order": "rest",
        "fallback": [],
        "raise": [],
        "exhausted": "E",
        "retries": {
            "max": 0,
            "faults": [],
            "backoff": {"first_s": 0.5, "factor": 2.0, "cap_s": 8.0, "jitter": 0.25},
            "retry_after_cap_s": 60.0,
        },
        "timeouts": {
            "connect_s": 5.0,
            "first_token_s": 20.0,
            "idle_s": 20.0,
            "attempt_s": 60.0,
            "total_s": 300.0,
        },
        "stream": {"broken_before_content": "fallback", "broken_after_content": "error"},
        "empty_answer": "complete",
        "cooldown": None,
        "failed_attempts": "billed_as_reported",
    }
    assert Policy.model_validate_json(policy.model_dump_json()) == policy


def test_the_schema_of_the_policy_can_be_printed() -> None:
    assert list(Policy.model_json_schema()["properties"]) == [
        field.alias or name for name, field in Policy.model_fields.items()
    ]
