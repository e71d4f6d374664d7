"""Reliability estimates, reports, and the Prometheus page, read back by the parser of Prometheus' own client."""

from __future__ import annotations

import json
import math
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from bft.errors import ScenarioError
from bft.operations.alerts import Monitor
from bft.operations.estimates import NodeRecord, reliability
from bft.operations.prometheus import Histogram, Metric, Sample, exposition, gauges
from bft.operations.report import Report


def record(changes_s: list[float]) -> NodeRecord:
    node = NodeRecord()
    for place, at_s in enumerate(changes_s):
        node.change(at_s, up=place % 2 == 1)
    return node


def test_the_figures_of_a_record() -> None:
    found = reliability([record([10.0, 12.0, 50.0]), record([])], end_s=60.0)
    assert (found.failures, found.repairs, found.observed_s) == (2, 1, 120.0)
    assert found.p_fault.value == 0.5
    assert found.recovery_rate.value == 0.5
    assert found.mtbf_s.value == (10.0 + 38.0 + 60.0) / 2
    assert found.mttr_s.value == 2.0 + 10.0
    assert found.availability.value == pytest.approx(108.0 / 120.0)
    assert (found.availability.low, found.availability.high) == (0.0, 1.0), "one cycle shows nothing"


def test_no_failure_still_bounds_the_mtbf() -> None:
    found = reliability([record([])], end_s=300.0)
    assert found.mtbf_s.value == math.inf
    assert found.mtbf_s.low == pytest.approx(300.0 / 3.689, rel=1e-3)
    assert math.isnan(found.mttr_s.value)


@pytest.mark.parametrize("law", ["exponential", "any"])
def test_the_intervals_cover_as_often_as_they_say(law) -> None:
    # 300 runs of 90 % intervals: outside [253, 286] with probability below 0.002 for exact coverage; seeded. The normal
    # interval over complete stretches falls short by one or two hundredths, within the range.
    source, covered = random.Random(12), {"mtbf": 0, "mttr": 0, "availability": 0}
    for _ in range(300):
        changes, at_s = [], 0.0
        while at_s < 20_000.0:
            at_s += source.expovariate(0.01)
            changes.append(at_s)
            at_s += source.expovariate(0.1)
            changes.append(at_s)
        found = reliability(
            [record([each for each in changes if each < 20_000.0])], end_s=20_000.0, law=law, confidence=0.9
        )
        covered["mtbf"] += found.mtbf_s.holds(100.0)
        covered["mttr"] += found.mttr_s.holds(10.0)
        covered["availability"] += found.availability.holds(100.0 / 110.0)
    assert all(253 <= count <= 286 for count in covered.values()), covered


def test_records_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(ScenarioError, match=r"node_record\.up = True"):
        NodeRecord().change(1.0, up=True)
    node = record([10.0])
    with pytest.raises(ScenarioError, match=r"node_record\.at_s = 9\.0"):
        node.change(9.0, up=True)
    with pytest.raises(ScenarioError, match="end_s"):
        reliability([node], end_s=5.0)
    with pytest.raises(ScenarioError, match="at least one node"):
        reliability([], end_s=5.0)


def a_report() -> Report:
    monitor, alerts = Monitor(), []
    for place in range(50):
        alerts += [(float(place), each) for each in monitor.record(place < 25, latency_s=1.5)]
    return Report(reliability=reliability([record([10.0, 12.0, 50.0])], end_s=60.0), monitor=monitor, alerts=alerts)


def test_a_report_says_the_same_in_every_form() -> None:
    report = a_report()
    told = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert told["health"] == "critical"
    assert told["level"] == "emergency"
    assert told["availability"]["value"] == pytest.approx(0.8)
    assert [each["level"] for each in told["alerts"]] == ["warning", "severe", "emergency"]
    text = report.to_text()
    assert "critical" in text
    assert "answers: emergency (20)" in text
    assert "availability              0.8 " in text
    families = {each.name: each for each in text_string_to_metric_families(exposition(report.to_metrics()))}
    by_bound = {sample.labels["bound"]: sample.value for sample in families["bft_availability"].samples}
    assert by_bound["value"] == told["availability"]["value"]
    assert families["bft_failures"].samples[0].value == told["failures"] == 2
    assert families["bft_alert_level"].samples[0].value == 3
    assert {"bft_mtbf_seconds", "bft_mttr_seconds", "bft_p_fault", "bft_recovery_rate"} <= set(families)


@given(
    st.floats(),
    st.dictionaries(st.sampled_from("abc"), st.text(st.characters(codec="utf-8", exclude_characters="\r")), max_size=3),
)
@example(1.0, {"a": "\\", "b": '"', "c": "\\n\n"})
def test_any_value_and_label_is_read_back(value: float, labels: dict[str, str]) -> None:
    metric = Metric(
        name="x", help="any\\text\nat all", kind="gauge", samples=(Sample(value=value, labels=tuple(labels.items())),)
    )
    (family,) = text_string_to_metric_families(exposition([metric]))
    assert family.documentation == "any\\text\nat all"
    (sample,) = family.samples
    assert sample.labels == labels
    assert sample.value == value or (math.isnan(value) and math.isnan(sample.value))


def test_a_histogram_is_read_back() -> None:
    metric = Histogram.of("wait_seconds", "Wait.", [0.1, 0.5, 0.5, 3.0, 100.0], bounds=(0.5, 1.0, 5.0))
    (family,) = text_string_to_metric_families(exposition([metric]))
    assert family.type == "histogram"
    buckets = {each.labels["le"]: each.value for each in family.samples if each.name == "wait_seconds_bucket"}
    assert buckets == {"0.5": 3, "1": 3, "5": 4, "+Inf": 5}
    totals = {each.name: each.value for each in family.samples if "le" not in each.labels}
    assert totals == {"wait_seconds_sum": pytest.approx(104.1), "wait_seconds_count": 5}


def test_what_prometheus_would_refuse_is_refused() -> None:
    one = (Sample(value=1.0),)
    for make, message in [
        (lambda: Metric(name="1x", help="", kind="gauge", samples=one), "metric.name"),
        (lambda: Metric(name="x", help="", kind="counter", samples=one), "must end in _total"),
        (lambda: Metric(name="x_total", help="", kind="gauge", samples=one), "must end in _total"),
        (lambda: Metric(name="x", help="", kind="gauge", samples=one * 2), "must differ in their labels"),
        (lambda: Metric(name="x_total", help="", kind="counter", samples=(Sample(value=-1.0),)), "only grows"),
        (
            lambda: Metric(name="x", help="", kind="gauge", samples=(Sample(value=1.0, labels=(("__a", ""),)),)),
            "labels",
        ),
        (lambda: Histogram.of("x", "", [], bounds=(2.0, 1.0)), "histogram.bounds"),
        (lambda: exposition(gauges({"a": 1.0}) * 2), "must have different names"),
    ]:
        with pytest.raises(ScenarioError) as refusal:
            make()
        assert message in str(refusal.value)


def test_unknown_values_are_left_out() -> None:
    assert exposition(gauges({"known": 2.5, "unknown": None}, text="what")) == (
        "# HELP bft_known what\n# TYPE bft_known gauge\nbft_known 2.5\n"
    )
