"""The table of kinds. A new kind is a file beside this one and a row here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from llminv.kinds import (
    attribution,
    cancellation,
    concurrency_isolation,
    cooldown,
    cost_additivity,
    cost_formula,
    cost_provenance,
    custom,
    deadline,
    exhaustion,
    fallback_order,
    fallback_trigger,
    incremental,
    key_isolation,
    parity,
    request_fidelity,
    retry_budget,
    stream_completion,
    stream_finish,
    stream_framing,
    token_accuracy,
    token_totality,
    tool_calls,
)
from llminv.kinds.interface import Kind

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        module.KIND.name: module.KIND
        for module in (
            fallback_order,
            fallback_trigger,
            exhaustion,
            request_fidelity,
            attribution,
            key_isolation,
            retry_budget,
            deadline,
            cooldown,
            concurrency_isolation,
            parity,
            stream_completion,
            stream_framing,
            stream_finish,
            tool_calls,
            incremental,
            cancellation,
            cost_formula,
            cost_additivity,
            cost_provenance,
            token_accuracy,
            token_totality,
            custom,
        )
    }
)
