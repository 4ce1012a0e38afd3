"""A row of the tables of seeded bugs, which stand beside this file, a folder of handlers each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from llminv.scenario import Scenario

BYOK = "examples/byok/handler.py:Handler"
RAW = "examples/raw/handler.py:Handler"


@dataclass(frozen=True)
class Row:
    """A handler (its file below this folder), what it breaks, and the least that shows it.

    `right` is what the handler is built on, which is right; `policy` are the fields in which the promise
    differs from the shipped one.
    """

    handler: str
    invariant: str
    code: str
    scenario: Scenario
    right: str = BYOK
    policy: Mapping[str, Any] = field(default_factory=dict)


# Of a handler that is built on the example without SDKs.
on_raw = partial(Row, right=RAW)
