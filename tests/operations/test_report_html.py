"""The page of a report: whole by itself, escaped, small however long the run, and readable without colours."""

from __future__ import annotations

import doctest
import math
import random
import re
from collections.abc import Mapping
from html.parser import HTMLParser

import pytest

from bft.errors import ScenarioError
from bft.operations import report_charts
from bft.operations.alerts import Alert, Level, Monitor
from bft.operations.bands import Band
from bft.operations.estimates import NodeRecord, reliability
from bft.operations.report import Report
from bft.operations.report_charts import COLUMNS, availability_chart, window_chart
from bft.operations.report_html import html

VOID = {"meta", "line", "rect", "path", "polyline"}


class Page(HTMLParser):
    """Checks that every element that is opened is closed, and collects what the page says and refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.said: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.count: dict[str, int] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.attributes += attributes
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.attributes += attributes
        self.count[tag] = self.count.get(tag, 0) + 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.said).split())


def record(*changes_s: float) -> NodeRecord:
    node = NodeRecord()
    for place, at_s in enumerate(changes_s):
        node.change(at_s, up=place % 2 == 1)
    return node


@pytest.fixture
def report() -> Report:
    monitor, alerts = Monitor(), list[tuple[float, Alert]]()
    history = list[tuple[float, Mapping[str, float | None]]]()
    for place in range(100):
        alerts += [(float(place), each) for each in monitor.record(place < 50, latency_s=1.5)]
        history.append((float(place), monitor.metrics))
    nodes = [record(10.0, 12.0, 50.0), record()]
    return Report(
        reliability=reliability(nodes, end_s=100.0),
        monitor=monitor,
        alerts=alerts,
        records=nodes,
        end_s=100.0,
        history=history,
        title="A bad <hour> & more",
    )


def test_the_page_says_what_the_report_says(report: Report) -> None:
    page = Page(html(report))
    told = report.to_json()
    for word in (
        "A bad <hour> & more",
        f"The service is {told['health']} (alert: emergency)",
        "2 failures, 1 repairs in 3.33 min of node time",
        "MTBF 1.23 min",
        "calls in a row without an answer clear → emergency 20",
        "error rate 0.5 below 0.05 ✗ bad",
        "mean latency (s) 1.5 below 2 ✓ good",
        "node 1",
    ):
        assert word in page.text, word
    assert page.count["svg"] == 1 + 1 + 4, "the hatching, the nodes, a chart for each metric"
    assert page.count["table"] == 3


def test_it_needs_nothing_from_outside(report: Report) -> None:
    text = html(report)
    names = {name for name, _ in Page(text).attributes}
    assert not names & {"src", "href", "srcset", "data", "action", "background", "poster", "onload", "xlink:href"}
    assert "://" not in text
    assert re.findall(r"url\(([^)]*)\)", text) == ["#hatch"]
    assert "<script" not in text
    assert "@import" not in text


def test_whatever_names_hold_is_escaped(report: Report) -> None:
    nasty = "</title><script>alert(1)</script>\"'&"
    alert = Alert(metric=nasty, level=Level.WARNING, before=Level.CLEAR, value=1.0)
    text = html(
        Report(reliability=report.reliability, title=nasty, alerts=[(1.0, alert)], records=report.records, end_s=100.0)
    )
    page = Page(text)
    assert "script" not in page.count
    assert page.text.count(nasty) == 3, "in the title, the heading and the alert"
    chart = availability_chart([(nasty, record(1.0))], 2.0)
    assert Page(chart).count.keys() == {"svg", "title", "text", "line", "rect"}


def test_a_report_of_little_is_a_page_too() -> None:
    nothing = Report(reliability=reliability([record()], end_s=0.0))
    page = Page(html(nothing))
    assert "— 0 … 1" in page.text, "unknown is a dash"
    assert "Alerts None." in page.text
    assert "nan" not in page.text
    assert "inf" not in page.text
    unknown = Report(reliability=reliability([record()], end_s=5.0), monitor=Monitor(), history=[(0.0, {})])
    text = Page(html(unknown)).text
    assert "The service is unknown (no alert)" in text
    assert "success rate — above 0.95 ? unknown" in text
    assert "MTBF ∞ 1.36 s … ∞" in text


def test_records_need_an_end() -> None:
    with pytest.raises(ScenarioError, match=r"^report\.end_s = None: must be given with report\.records$"):
        Report(reliability=reliability([record()], end_s=5.0), records=[record()])


def test_a_long_run_makes_no_large_page() -> None:
    source, nodes = random.Random(1), []
    for _ in range(60):
        at_s, changes = 0.0, []
        while at_s < 1e6:
            at_s += source.expovariate(1e-3)
            changes.append(at_s)
        nodes.append(record(*changes[:-1]))
    history = [(float(at_s), {"error": 0.5 + 0.5 * math.sin(at_s)}) for at_s in range(0, 1_000_000, 20)]
    alert = Alert(metric="error", level=Level.WARNING, before=Level.CLEAR, value=1.0)
    alerts = [(float(at_s), alert) for at_s in range(0, 1_000_000, 100)]
    report = Report(reliability=reliability(nodes, end_s=1e6), alerts=alerts, records=nodes, end_s=1e6, history=history)
    text = html(report)
    assert len(text) < 1_000_000
    page = Page(text)
    assert "20 nodes that were down least are left out" in page.text
    assert "9800 more are left out here" in page.text
    points = next(value for name, value in page.attributes if name == "points")
    assert points is not None
    assert len(points.split()) == COLUMNS


def test_a_node_is_hatched_when_it_was_down() -> None:
    chart = availability_chart([("a", record(100.0, 200.0, 550.0)), ("b", record())], 600.0)
    rects = [
        tuple(float(found) for found in re.findall(r'(?:x|width)="([\d.]+)"', rect))
        for rect in re.findall(r"<rect[^>]*>", chart)
    ]
    assert rects == [(170.0, 101.0), (620.0, 50.0)], "one unit a second, from 70 on; the last one still goes on"


def test_the_worst_value_of_a_column_is_drawn() -> None:
    points = [(0.0, 0.2), (0.1, 0.9), (0.2, 0.1), (600.0, 0.5)]
    for band, first in ((Band(good=0.05, bad=0.1), 0.9), (Band(good=0.95, bad=0.9), 0.1)):
        chart = window_chart(points, band, [], start_s=0.0, end_s=600.0, what="x")
        (drawn,) = re.findall(r'points="([^"]*)"', chart)
        highest = 1.1 * max(0.9, band.good)
        assert drawn.split()[0] == f"70,{round(130 - 130 * first / highest)}"


def test_examples() -> None:
    result = doctest.testmod(report_charts)
    assert result.attempted > 0
    assert result.failed == 0
