import pytest

from llminv.errors import DeclarationError, UsageError
from llminv.simulation.faults import CLASSES, FAULTS

P, R = "providers.yaml", "routing.yaml"
WORDS = ", ".join([*CLASSES, *FAULTS])
POLICY_FIELDS = (
    "chain, start, order, fallback, raise, exhausted, retries, timeouts, stream, empty_answer, cooldown, "
    "failed_attempts"
)
FALLBACK_ORDER_FIELDS = "id, title, kind, statement, critical, max_examples, accepted, chain, failures, failures_before_success, examples"


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        # The top of a file.
        (
            P,
            "policy:",
            "polcy:",
            "providers.yaml:8:1: unknown key 'polcy'; did you mean 'policy'? (allowed: providers, policy, prices, domain, invariants)",
        ),
        (
            R,
            "domain: LLM Integration Domain",
            "",
            "routing.yaml:2:1: invariants: the key 'domain' is missing beside it",
        ),
        (
            R,
            "domain: LLM Integration Domain",
            "domain: [LLM]",
            "routing.yaml:1:9: domain: expected text, found a list",
        ),
        (
            R,
            "domain: LLM Integration Domain",
            "domain:",
            "routing.yaml:1:1: domain: there is no value; write one or leave the field out",
        ),
        # Words.
        (
            R,
            "kind: fallback_order",
            "kind: falback_order",
            (
                "routing.yaml:5:11: kind: 'falback_order' is not a kind; did you mean 'fallback_order'? "
                "(allowed: fallback_order, exhaustion, key_isolation)"
            ),
        ),
        (
            R,
            "kind: fallback_order",
            "kind: [x]",
            "routing.yaml:5:11: kind: a list is not a kind (allowed: fallback_order, exhaustion, key_isolation)",
        ),
        (
            R,
            "    kind: fallback_order\n",
            "",
            "routing.yaml:3:5: the field 'kind' is missing (allowed: fallback_order, exhaustion, key_isolation)",
        ),
        (
            R,
            "[http_429, rate_limit]",
            "[http_429, rate_limits]",
            (
                "routing.yaml:8:26: failures[1]: 'rate_limits' is not a fault or fault class; did you mean 'rate_limit'? "
                f"(allowed: {WORDS})"
            ),
        ),
        (
            R,
            "primary: openai",
            "primary: openia",
            (
                "routing.yaml:12:19: examples[0].primary: 'openia' is not a declared provider; did you mean 'openai'? "
                "(allowed: openai, anthropic)"
            ),
        ),
        (
            P,
            "chain: [openai, anthropic]",
            "chain: [openai, gemini]",
            "providers.yaml:9:19: policy.chain[1]: 'gemini' is not a declared provider (allowed: openai, anthropic)",
        ),
        (
            P,
            "dialect: openai-chat",
            "dialect: openai",
            (
                "providers.yaml:2:21: providers.openai.dialect: 'openai' is not a dialect; did you mean 'openai-chat'? "
                "(allowed: openai-chat, anthropic-messages, deepseek, gemini)"
            ),
        ),
        (
            P,
            "start: first",
            "start: frist",
            (
                "providers.yaml:10:10: policy.start: 'frist' is not a value of this field; did you mean 'first'? "
                "(allowed: first, any)"
            ),
        ),
        (
            P,
            "  openai: {",
            "  Open AI: {",
            (
                "providers.yaml:2:3: providers: 'Open AI' is not a name: small letters, digits, hyphens, underscores\n"
                "providers.yaml:9:11: policy.chain[0]: 'openai' is not a declared provider; did you mean 'Open AI'? "
                "(allowed: Open AI, anthropic)\n"
                "routing.yaml:12:19: examples[0].primary: 'openai' is not a declared provider; did you mean 'Open AI'? "
                "(allowed: Open AI, anthropic)"
            ),
        ),
        # Fields.
        (
            R,
            "    statement: The next",
            "    statment: The next",
            (
                "routing.yaml:3:5: the field 'statement' is missing\n"
                f"routing.yaml:6:5: unknown field 'statment'; did you mean 'statement'? (allowed: {FALLBACK_ORDER_FIELDS})"
            ),
        ),
        (
            R,
            "failure: http_429",
            "fault: http_429",
            (
                "routing.yaml:12:9: examples[0]: the field 'failure' is missing\n"
                "routing.yaml:12:27: examples[0]: unknown field 'fault' "
                "(allowed: primary, failure, failures_before_success)"
            ),
        ),
        (
            P,
            "model: gpt-4o-mini",
            "modl: gpt-4o-mini",
            (
                "providers.yaml:2:11: providers.openai: the field 'model' is missing\n"
                "providers.yaml:2:92: providers.openai: unknown field 'modl'; did you mean 'model'? "
                "(allowed: dialect, base_url, key, model)"
            ),
        ),
        (
            P,
            "raise: [",
            "raise_: [",
            f"providers.yaml:12:3: policy: unknown field 'raise_'; did you mean 'raise'? (allowed: {POLICY_FIELDS})",
        ),
        (
            P,
            "  exhausted: NoProviderAvailable\n",
            "",
            "providers.yaml:9:3: policy: the field 'exhausted' is missing",
        ),
        (
            P,
            "jitter: 25%",
            "jiter: 25%",
            (
                "providers.yaml:17:29: policy.retries.backoff: unknown field 'jiter'; did you mean 'jitter'? "
                "(allowed: first_s, factor, cap_s, jitter)"
            ),
        ),
        (
            P,
            "cooldown: none",
            "cooldown: {after_failures: 3, seconds: 60}",
            "providers.yaml:18:13: policy.cooldown: the field 'faults' is missing",
        ),
        (
            R,
            "accepted: {bug: all-fail-1, reason: known}",
            "accepted: {bug: all-fail-1}",
            "routing.yaml:19:15: accepted: the field 'reason' is missing",
        ),
        # Values.
        (
            R,
            "max_examples: 50",
            "max_examples: 050",
            "routing.yaml:10:19: max_examples: expected a whole number, found '050'",
        ),
        (
            R,
            "max_examples: 50",
            "max_examples: 0",
            "routing.yaml:10:19: max_examples: expected at least 1, found '0'",
        ),
        (
            R,
            "max_examples: 50",
            "max_examples: [50]",
            "routing.yaml:10:19: max_examples: expected a whole number, found a list",
        ),
        (
            R,
            "max_examples: 50",
            "max_examples:",
            "routing.yaml:10:5: max_examples: there is no value; write one or leave the field out",
        ),
        (
            R,
            "title: Chain Works",
            "title: {a: b}",
            "routing.yaml:4:12: title: expected text, found a mapping",
        ),
        (
            R,
            "failures: [http_500]",
            "failures: http_500",
            "routing.yaml:18:15: failures: expected a list, found 'http_500'",
        ),
        (
            R,
            "failures: [http_500]",
            "failures: [htp_500]",
            (
                "routing.yaml:18:16: failures[0]: 'htp_500' is not a fault or fault class; did you mean 'http_500'? "
                f"(allowed: {WORDS})"
            ),
        ),
        (
            R,
            "failures: [http_500]",
            "failures: []",
            "routing.yaml:18:15: failures: expected at least 1, found an empty list",
        ),
        (
            R,
            "failures: [http_500]",
            "failures: [http_500, ~]",
            "routing.yaml:18:26: failures[1]: there is no value; write one or leave the field out",
        ),
        (
            R,
            "failures_before_success: 0..3",
            "failures_before_success: 3..0",
            "routing.yaml:9:30: failures_before_success: the range 3..0 runs backwards",
        ),
        (
            P,
            "cooldown: none",
            "cooldown: never",
            (
                "providers.yaml:18:13: policy.cooldown: expected none, or a mapping with after_failures, seconds, faults, "
                "all_in_cooldown, "
                "found 'never'"
            ),
        ),
        (
            P,
            "first_s: 0.5",
            "first_s: -1",
            "providers.yaml:17:24: policy.retries.backoff.first_s: expected at least 0, found '-1'",
        ),
        (
            P,
            "    key: ANTHROPIC_API_KEY",
            "    key: sk-ant-secret",
            (
                "providers.yaml:6:10: providers.anthropic.key: expected the name of an environment variable, such as "
                "OPENAI_API_KEY; the key stays out of files"
            ),
        ),
        (
            P,
            "backoff: {first_s: 0.5, jitter: 25%}",
            "backoff: slow",
            "providers.yaml:17:14: policy.retries.backoff: expected a mapping, found 'slow'",
        ),
        # One declaration against another.
        (
            R,
            "id: all-fail\n",
            "id: chain-works\n",
            "routing.yaml:13:9: id: 'chain-works' is declared twice, first at routing.yaml:3:9",
        ),
        (
            R,
            "[http_429, rate_limit]",
            "[server_error, http_502]",
            (
                "routing.yaml:8:16: failures[0]: 'server_error' means http_502 too, which the policy raises; "
                "name the faults meant\n"
                "routing.yaml:8:30: failures[1]: the policy raises 'http_502' and does not fall back"
            ),
        ),
        (
            R,
            "[http_429, rate_limit]",
            "[http_429]\n    chain: [anthropic, openai]",
            "routing.yaml:9:24: chain[1]: 'openai' comes before 'anthropic' in the chain of the policy (openai, anthropic)",
        ),
        (
            P,
            "raise: [bad_request, ",
            "raise: [bad_request, rate_limit, ",
            "providers.yaml:12:24: policy.raise[1]: 'rate_limit' is in fallback too; it can only be in one of the two",
        ),
        (
            P,
            "chain: [openai, anthropic]",
            "chain: [openai, openai]",
            "providers.yaml:9:10: policy.chain: 'openai' is listed twice",
        ),
    ],
)
def test_the_whole_message(wrong, file: str, old: str, new: str, message: str) -> None:
    assert wrong((file, old, new)) == message


def test_all_problems_of_all_files_are_said_at_once_in_order(wrong) -> None:
    assert wrong(
        (R, "    title: All Fail\n", ""),
        (R, "kind: fallback_order", "kind: order"),
        (P, "max: 2", "max: two"),
        (P, "openai: {dialect", "openai: {x: y, dialect"),
    ) == (
        "providers.yaml:2:12: providers.openai: unknown field 'x' (allowed: dialect, base_url, key, model)\n"
        "providers.yaml:15:10: policy.retries.max: expected a whole number, found 'two'\n"
        "routing.yaml:5:11: kind: 'order' is not a kind; did you mean 'fallback_order'? "
        "(allowed: fallback_order, exhaustion, key_isolation)\n"
        "routing.yaml:13:5: the field 'title' is missing"
    )


def test_a_file_that_does_not_parse_hides_no_problem_of_the_others_and_makes_none(wrong) -> None:
    assert wrong((P, "providers:", "providers: ["), (R, "max_examples: 50", "max_examples: many")) == (
        "providers.yaml:3:3: this is not YAML: expected ',' or ']', but got '<scalar>' "
        "(while parsing a flow sequence at line 1, column 12)\n"
        "routing.yaml:10:19: max_examples: expected a whole number, found 'many'"
    )


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (
            "- a\n",
            "z.yaml:1:1: expected a mapping with providers, policy, prices or domain and invariants, found a list",
        ),
        (
            "{}\n",
            "z.yaml:1:1: expected a mapping with providers, policy, prices or domain and invariants, found an empty mapping",
        ),
        (
            "~\n",
            "z.yaml:1:1: expected a mapping with providers, policy, prices or domain and invariants, found nothing",
        ),
        ("policy: {}\n", "z.yaml:1:1: policy: declared twice, first at providers.yaml:8:1"),
        ("domain: x\n", "z.yaml:1:1: domain: the key 'invariants' is missing beside it"),
        (
            "domain: x\ninvariants: []\n",
            "z.yaml:2:13: invariants: expected a list of invariants, found an empty list",
        ),
        (
            "domain: x\ninvariants: [~, a]\n",
            "z.yaml:2:14: expected an invariant, found nothing\nz.yaml:2:17: expected an invariant, found 'a'",
        ),
    ],
)
def test_a_further_file(load_files, files, extra: str, message: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        load_files({**files, "z.yaml": extra})
    assert caught.value.message.replace("declared/", "") == message


def test_an_id_is_taken_across_files_and_aliases(load_files, files) -> None:
    with pytest.raises(DeclarationError) as caught:
        load_files({**files, "a.yaml": "domain: A\ninvariants:\n  - &one {id: all-fail}\n  - *one\n"})
    duplicates = [str(problem) for problem in caught.value.problems if "twice" in problem.message]
    assert duplicates == [
        "declared/a.yaml:3:15: id: 'all-fail' is declared twice, first at declared/a.yaml:3:15",
        "declared/routing.yaml:13:9: id: 'all-fail' is declared twice, first at declared/a.yaml:3:15",
    ]


INIT = "`llminv init` writes declarations to start from"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "declared: the folder holds no YAML file"),
        (("routing.yaml",), "declared: no file declares 'providers'"),
        (("providers.yaml",), "declared: no file declares 'invariants'"),
    ],
)
def test_what_is_not_declared_at_all(load_files, files, names: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_files({name: files[name] for name in names})
    assert (caught.value.message, caught.value.hint) == (message, INIT)


def test_a_policy_that_is_missing(load_files, files) -> None:
    providers, _ = files["providers.yaml"].split("policy:")
    with pytest.raises(UsageError) as caught:
        load_files({**files, "providers.yaml": providers})
    assert (caught.value.message, caught.value.hint) == ("declared: no file declares 'policy'", INIT)


def test_a_path_that_does_not_exist(load_paths, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        load_paths("nowhere")
    assert (caught.value.message, caught.value.hint) == ("nowhere: no such file or folder", INIT)
