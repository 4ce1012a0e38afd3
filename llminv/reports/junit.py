"""An audit as JUnit XML, which CI systems show: a test case an invariant, its domain as the class.

A violation that is not accepted is a failure, an unknown an error; what is accepted
or not offered is skipped.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from llminv.reports import terminal_report
from llminv.reports.facts import is_accepted
from llminv.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llminv.audit.events import Audit, InvariantResult
    from llminv.evidence.bug import Bug
    from llminv.kinds.interface import Kind

# What XML 1.0 cannot hold in any form (https://www.w3.org/TR/xml/#charsets).
_UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(audit: Audit, kinds: Mapping[str, Kind], recorded: Sequence[Bug] = ()) -> str:
    """Return `audit` as XML text in ASCII."""
    cases = [_case(audit, result, kinds, recorded) for result in audit.results]
    attributes = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    totals = {
        name: str(sum(case.find(tag) is not None for case in cases)) for name, tag in attributes.items()
    }
    suite = ET.Element("testsuite", {"name": "llminv", "tests": str(len(cases)), **totals})
    properties = ET.SubElement(suite, "properties")
    for name, value in (("handler", audit.handler.spec), ("seed", str(audit.seed))):
        ET.SubElement(properties, "property", {"name": name, "value": _said(value)})
    suite.extend(cases)
    ET.indent(suite)
    text: bytes = ET.tostring(suite, encoding="us-ascii", xml_declaration=True)
    return text.decode("ascii") + "\n"


def _case(
    audit: Audit, result: InvariantResult, kinds: Mapping[str, Kind], recorded: Sequence[Bug]
) -> ET.Element:
    promise, status = result.promise, result.verdict.status
    place = {"file": promise.place.file, "line": str(promise.place.line)}
    case = ET.Element("testcase", {"classname": _said(promise.domain), "name": promise.invariant.id, **place})
    codes = ", ".join(dict.fromkeys(found.finding.code for found in result.counterexamples))
    if status is Status.NOT_OFFERED:
        ET.SubElement(case, "skipped", {"message": _said(result.verdict.reason)})
    elif is_accepted(audit, result, recorded):
        ET.SubElement(case, "skipped", {"message": f"accepted: {codes}"})
    elif status is not Status.HELD:
        failed = "failure" if status is Status.VIOLATED else "error"
        alone = type(audit)(audit.handler, audit.seed, (result,))
        said = ET.SubElement(case, failed, {"message": _said(codes or result.verdict.reason)})
        said.text = _said(terminal_report.render(alone, kinds, recorded, writes=False))
    return case


def _said(text: str) -> str:
    return _UNSPEAKABLE.sub("�", text)
