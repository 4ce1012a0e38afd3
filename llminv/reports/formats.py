"""The report formats: a name, and a function from an audit to the text of its report.

Adding a format is adding a module with a `render` and a row here. Only a command writes the text. A
format that needs a library imports it when it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from llminv.reports import json_report

if TYPE_CHECKING:
    from llminv.audit.events import Audit
    from llminv.evidence.bug import Bug
    from llminv.kinds.interface import Kind

# The kinds explain the finding codes; the recorded bugs say what is accepted.
Render = Callable[["Audit", Mapping[str, "Kind"], Sequence["Bug"]], str]


def _terminal(audit: Audit, kinds: Mapping[str, Kind], recorded: Sequence[Bug]) -> str:
    from llminv.reports import terminal_report

    return terminal_report.render(audit, kinds, recorded)


def _junit(audit: Audit, kinds: Mapping[str, Kind], recorded: Sequence[Bug]) -> str:
    from llminv.reports import junit

    return junit.render(audit, kinds, recorded)


# The first one is for people, and knows the width and the colours of a terminal besides.
FORMATS: Mapping[str, Render] = MappingProxyType(
    {"terminal": _terminal, "json": json_report.render, "junit": _junit}
)
FOR_PEOPLE = "terminal"
