"""JUnit files as continuous integration reads them: first of all they have to be valid."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from lxml import etree

SCHEMA = Path(__file__).parents[1] / "schemas" / "junit.xsd"


def valid_suites(file: Path) -> dict[str, Element]:
    """The suites of a file by name, after a schema has been held against it, and its numbers against its contents."""
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    schema.assertValid(etree.parse(file))
    suites = {suite.get("name"): suite for suite in ElementTree.parse(file).getroot().iter("testsuite")}
    for suite in suites.values():
        assert int(suite.get("tests")) == len(suite.findall("testcase"))
        for number, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(number)) == len(suite.findall(f"testcase/{tag}")), number
    return suites


def cases(suite: Element) -> dict[str, Element]:
    """Its testcases by name."""
    return {case.get("name"): case for case in suite.iter("testcase")}


def properties(element: Element) -> dict[str, str]:
    """The properties of a suite or of a testcase, none of them twice."""
    found = element.findall("properties/property")
    told = {item.get("name"): item.get("value") for item in found}
    assert len(told) == len(found)
    return told
