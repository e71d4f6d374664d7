"""The page that a Prometheus server scrapes, over HTTP, for as long as a `with` block lasts.

    with serve_metrics(lambda: report.to_metrics(), port=9464) as served:
        print(served.url)
        …

Each scrape asks the source anew, one scrape at a time, and is answered in OpenMetrics if it accepts that, else in
Prometheus' text format. A source that fails costs that scrape a status 500, and nothing else. The page is served to
this machine alone unless a host is named: it has no password.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import TypeAlias

from bft.core.refusal import require, require_whole
from bft.errors import ScenarioError, bad_value
from bft.operations.prometheus import CONTENT_TYPE, OPEN_METRICS_TYPE, Histogram, Metric, exposition, open_metrics

Source: TypeAlias = Callable[[], Sequence[Metric | Histogram]]

PATH = "/metrics"
PATIENCE_S = 5.0  # for a client that connects and says nothing
LARGEST_PORT = 65535
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Where the page is.

    Attributes
    ----------
    host : str
    port : int
    """

    host: str
    port: int

    @property
    def url(self) -> str:
        """What to scrape."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}{PATH}"


@contextmanager
def serve_metrics(source: Source, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[Served]:
    """Serve the metrics of a source until the block ends; scrapes under way are answered first.

    Parameters
    ----------
    source : callable
        Returns the metrics as they are; called by another thread than the one that started the server.
    host : str
        Where to listen; by default only for this machine.
    port : int
        0 to 65535; 0 takes a free one.

    Raises
    ------
    ScenarioError
        If the port is out of range, or nobody may listen there.
    """
    require_whole("metrics.port", port, at_least=0)
    require(port <= LARGEST_PORT, "metrics.port", port, f"must be at most {LARGEST_PORT}")
    try:
        server = _Server((host, port), source)
    except OSError as error:
        where = bad_value("metrics.port", f"{host}:{port}", f"cannot be listened on: {error.strerror or error}")
        raise ScenarioError(where) from error
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="bft-metrics")
    thread.start()
    try:
        yield Served(host=host, port=server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for them

    def __init__(self, address: tuple[str, int], source: Source) -> None:
        self._source = source
        self._lock = Lock()
        super().__init__(address, _Handler)

    def page(self, *, as_open_metrics: bool) -> bytes:
        with self._lock:
            metrics = self._source()
        return (open_metrics if as_open_metrics else exposition)(metrics).encode()

    def handle_error(self, request: object, client_address: object) -> None:
        _log.debug("a scrape by %s broke off", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = PATIENCE_S
    server_version = "bft"
    sys_version = ""

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, format: str, *args: object) -> None:
        _log.debug(format, *args)

    def _answer(self, *, with_body: bool) -> None:
        status, kind, body = self._page()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def _page(self) -> tuple[HTTPStatus, str, bytes]:
        plain = "text/plain; charset=utf-8"
        if self.path.partition("?")[0] != PATH:
            return HTTPStatus.NOT_FOUND, plain, f"the metrics are at {PATH}\n".encode()
        as_open_metrics = "application/openmetrics-text" in self.headers.get("Accept", "")
        try:
            body = self.server.page(as_open_metrics=as_open_metrics)
        except Exception:  # whatever it is: the service that is watched must not suffer from its watcher
            _log.exception("the source of the metrics failed")
            return HTTPStatus.INTERNAL_SERVER_ERROR, plain, b"the source of the metrics failed; see the log\n"
        return HTTPStatus.OK, OPEN_METRICS_TYPE if as_open_metrics else CONTENT_TYPE, body
