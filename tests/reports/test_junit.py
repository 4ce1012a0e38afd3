"""The report for CI systems: well formed, whatever people and handlers say, and its totals are those of its cases."""

import dataclasses
from xml.etree import ElementTree as ET

from llminv.cli.run import FormatName
from llminv.reports.formats import FORMATS


def test_the_report(audit, kinds, bug):
    suite = ET.fromstring(FORMATS["junit"](audit, kinds, ()))
    assert suite.attrib == {"name": "llminv", "tests": "4", "failures": "1", "errors": "1", "skipped": "1"}
    said = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}
    assert sorted(said.values()) == [[], ["error"], ["failure"], ["skipped"]]
    (failure,) = suite.iter("failure")
    (violated,) = (result for result in audit.results if result.verdict.status == "violated")
    assert failure.get("message") == violated.counterexamples[0].finding.code
    assert violated.counterexamples[0].finding.expected.split()[0] in failure.text


def test_what_is_accepted_fails_nothing(audit, kinds, bug):
    accepted = dataclasses.replace(bug, accepted="until June")
    suite = ET.fromstring(FORMATS["junit"](audit, kinds, [accepted]))
    assert (suite.get("failures"), suite.get("skipped")) == ("0", "2")


def test_what_xml_cannot_hold_is_replaced(audit, kinds):
    handler = dataclasses.replace(audit.handler, spec="a\x00\ud800b")
    suite = ET.fromstring(FORMATS["junit"](dataclasses.replace(audit, handler=handler), kinds, ()))
    assert next(suite.iter("property")).get("value") == "a��b"


def test_the_command_line_knows_every_format():
    assert list(FormatName.__args__) == list(FORMATS)
