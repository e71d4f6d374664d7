"""The metrics over HTTP: scraped as a Prometheus server does it, and read back by the parsers of its own client."""

from __future__ import annotations

import http.client
import logging
import math
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics_families
from prometheus_client.parser import text_string_to_metric_families

from bft.errors import ScenarioError
from bft.operations.alerts import Monitor
from bft.operations.estimates import NodeRecord, reliability
from bft.operations.metrics_server import Served, serve_metrics
from bft.operations.prometheus import Histogram, Metric, counter, gauges
from bft.operations.report import Report
from bft.resilience.effects import Note
from bft.resilience.tally import Tally

OPEN = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


class Registry:
    """A live service: a monitor and a tally that go on while they are scraped."""

    def __init__(self) -> None:
        self.monitor, self.tally, self.waits_s = Monitor(), Tally(), [0.1, 0.7, 3.0]
        self.record = NodeRecord()
        self.record.change(10.0, up=False)
        self.record.change(12.0, up=True)

    def call(self, success: bool) -> None:
        self.monitor.record(success, latency_s=0.5)
        self.tally(0.0, Note(policy="pipeline", action="answered" if success else "failed", reason='"\\\n'))

    def metrics(self) -> list[Metric | Histogram]:
        report = Report(reliability=reliability([self.record], end_s=60.0), monitor=self.monitor)
        names = ("policy", "action", "level", "reason")
        decisions = counter("bft_decisions_total", 'Of "policies".', dict(self.tally.counts), labels=names)
        waits = Histogram.of("bft_wait_seconds", "Wait.", self.waits_s, bounds=(0.5, 1.0))
        return [*report.to_metrics(), decisions, waits]


@pytest.fixture
def registry() -> Registry:
    made = Registry()
    for place in range(40):
        made.call(place % 4 > 0)
    return made


@pytest.fixture
def served(registry: Registry) -> Iterator[Served]:
    with serve_metrics(registry.metrics) as where:
        yield where


def scrape(url: str, *, accept: str = "text/plain") -> tuple[str, str]:
    asked = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert answer.status == 200
        return answer.headers["Content-Type"], answer.read().decode()


def values(families: Mapping[str, object], name: str) -> dict[tuple[str, ...], float]:
    return {tuple(each.labels.values()): each.value for each in families[name].samples}  # type: ignore[attr-defined]


def test_a_scrape_shows_the_registry_as_it_is(served: Served, registry: Registry) -> None:
    for more in (0, 10):
        for _ in range(more):
            registry.call(True)
        kind, page = scrape(served.url)
        assert kind == "text/plain; version=0.0.4; charset=utf-8"
        families = {each.name: each for each in text_string_to_metric_families(page)}
        assert values(families, "bft_decisions")["pipeline", "answered", "", '"\\\n'] == 30 + more
        assert values(families, "bft_window")["success",] == pytest.approx((30 + more) / (40 + more))
        assert values(families, "bft_availability")["value",] == pytest.approx(58 / 60)
        assert values(families, "bft_alert_level")[()] == 2


def test_who_accepts_open_metrics_gets_open_metrics(served: Served) -> None:
    kind, page = scrape(served.url, accept=OPEN)
    assert kind == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert page.endswith("# EOF\n")
    families = {each.name: each for each in open_metrics_families(page)}
    assert families["bft_decisions"].type == "counter"
    assert families["bft_decisions"].documentation == 'Of "policies".'
    assert values(families, "bft_decisions")["pipeline", "failed", "", '"\\\n'] == 10
    buckets = {
        each.labels["le"]: each.value for each in families["bft_wait_seconds"].samples if each.name.endswith("bucket")
    }
    assert buckets == {"0.5": 1, "1.0": 2, "+Inf": 3}


def test_both_formats_say_the_same(served: Served) -> None:
    plain = {each.name: each.samples for each in text_string_to_metric_families(scrape(served.url)[1])}
    opened = {each.name: each.samples for each in open_metrics_families(scrape(served.url, accept=OPEN)[1])}
    assert set(plain) == set(opened)
    for name, samples in plain.items():
        others = [(each.name, {**each.labels, "le": ""}, each.value) for each in opened[name]]
        for sample in samples:
            assert (sample.name, {**sample.labels, "le": ""}, sample.value) in others or math.isnan(sample.value)


def test_many_may_scrape_at_once_while_the_service_goes_on(served: Served, registry: Registry) -> None:
    before = threading.active_count()
    over = threading.Event()

    def serve() -> None:
        for _ in range(10_000):
            registry.waits_s.append(0.2)
            if over.wait(0.001):
                break

    service = threading.Thread(target=serve)
    service.start()
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda _: scrape(served.url)[1], range(40)))
    over.set()
    service.join()
    for page in pages:
        families = {each.name: each for each in text_string_to_metric_families(page)}
        assert values(families, "bft_decisions")["pipeline", "failed", "", '"\\\n'] == 10
    assert threading.active_count() <= before


def test_it_ends_with_the_block_and_leaves_nothing_behind(registry: Registry) -> None:
    threads = threading.active_count()
    with pytest.raises(RuntimeError, match="the service ended"), serve_metrics(registry.metrics) as where:  # noqa: PT012
        scrape(where.url)
        raise RuntimeError("the service ended")
    assert threading.active_count() == threads
    with pytest.raises(urllib.error.URLError):
        scrape(where.url)
    with serve_metrics(registry.metrics, port=where.port) as again:
        assert again == where
        scrape(again.url)


def test_it_listens_to_this_machine_alone_unless_told_otherwise(served: Served) -> None:
    assert served.host == "127.0.0.1"
    assert served.url == f"http://127.0.0.1:{served.port}/metrics"
    assert Served(host="::1", port=9464).url == "http://[::1]:9464/metrics"


def test_other_paths_and_methods_are_told_so(served: Served) -> None:
    with pytest.raises(urllib.error.HTTPError) as missing:
        scrape(served.url.replace("/metrics", "/"))
    with missing.value as answer:
        assert (answer.code, answer.read()) == (404, b"the metrics are at /metrics\n")
    assert scrape(f"{served.url}?name[]=bft_window")[1]
    connection = http.client.HTTPConnection(served.host, served.port, timeout=10)
    connection.request("HEAD", "/metrics")
    head = connection.getresponse()
    assert (head.status, head.read()) == (200, b"")
    assert int(head.headers["Content-Length"]) > 500
    connection.close()
    connection.request("POST", "/metrics")
    assert connection.getresponse().status == 501
    connection.close()


def test_a_source_that_fails_costs_one_scrape(caplog: pytest.LogCaptureFixture) -> None:
    broken = [True]

    def source() -> list[Metric]:
        if broken[0]:
            raise ValueError("a secret detail")
        return gauges({"up": 1.0})

    with serve_metrics(source) as where, caplog.at_level(logging.ERROR):
        with pytest.raises(urllib.error.HTTPError) as failed:
            scrape(where.url)
        with failed.value as answer:
            assert answer.code == 500
            assert b"secret" not in answer.read()
        assert "the source of the metrics failed" in caplog.text
        broken[0] = False
        assert "bft_up 1" in scrape(where.url)[1]


def test_a_client_that_hangs_up_disturbs_nobody(served: Served) -> None:
    for said in (b"", b"GET /metrics HTTP/1.1\r\n", b"\xff\0 nonsense\r\n\r\n"):
        with socket.create_connection((served.host, served.port), timeout=10) as client:
            client.sendall(said)
    assert scrape(served.url)[1]


@pytest.mark.parametrize("port", [-1, 65536, True, "80", 1.5])
def test_a_port_out_of_range_is_refused_by_name(port: int) -> None:
    with (
        pytest.raises(ScenarioError, match=r"^metrics\.port = .*: must be (a whole number, 0 or more|at most 65535)$"),
        serve_metrics(list, port=port),
    ):
        pass


def test_a_port_that_is_taken_is_refused_by_name(served: Served) -> None:
    with (
        pytest.raises(ScenarioError, match=r"^metrics\.port = '127\.0\.0\.1:\d+': cannot be listened on: Address"),
        serve_metrics(list, port=served.port),
    ):
        pass
