"""The report of operations as one page of HTML that needs nothing else: no script, no font, no address.

It reads in grey (every colour stands beside a word or a sign), on a dark screen, on a narrow one (what is too wide
scrolls by itself) and on paper. Whatever names and titles hold is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from bft.operations.alerts import Level
from bft.operations.bands import BANDS, Light
from bft.operations.intervals import Estimate
from bft.operations.report import WORDS, Report
from bft.operations.report_charts import MOST_ROWS, availability_chart, duration, window_chart

SIGNS = {Light.GOOD: "✓", Light.WATCH: "!", Light.BAD: "✗", Light.UNKNOWN: "?"}
METRICS = {
    "success": "success rate",
    "error": "error rate",
    "retry": "retries per call",
    "latency_s": "mean latency (s)",
    "answers": "calls in a row without an answer",
}
MOST_ALERTS = 200

STYLE = """
:root { color-scheme: light dark; --soft: color-mix(in srgb, currentColor 55%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; margin: .5rem 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .4rem 0; } .note { color: var(--soft); font-size: .875rem; }
.wide { overflow-x: auto; } .wide svg { min-width: 34rem; width: 100%; display: block; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--soft); vertical-align: top; }
td.number, th.number { text-align: right; white-space: nowrap; }
.sign { display: inline-block; width: 1.4em; height: 1.4em; line-height: 1.4em; text-align: center; border: 2px solid;
  border-radius: 50%; margin-right: .5em; font-weight: bold; font-size: .85em; }
.good { color: #14692b; } .watch { color: #8a5300; } .bad { color: #b3141d; } .unknown { color: var(--soft); }
@media (prefers-color-scheme: dark) { .good { color: #6fd08a; } .watch { color: #f0b14a; } .bad { color: #ff8a8f; } }
svg { font: 11px system-ui, sans-serif; fill: currentColor; }
svg line, svg polyline { stroke: currentColor; fill: none; }
svg .up { opacity: .35; stroke-width: 2; } svg .tick { opacity: .6; } svg .value { stroke-width: 1.5; }
svg .down { fill: url(#hatch); stroke: currentColor; stroke-width: .75; }
svg line.good, svg line.bad { stroke: currentColor; color: inherit; opacity: .7; }
svg line.good { stroke-dasharray: 2 4; } svg line.bad { stroke-dasharray: 8 4; }
@media print { body { max-width: none; } }
""".strip()

HATCH = (
    '<svg width="0" height="0" aria-hidden="true" style="position:absolute"><defs><pattern id="hatch" width="4" '
    'height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="2.4" height="4"/></pattern>'
    "</defs></svg>"
)


def html(report: Report) -> str:
    """Return the page of a report."""
    title = escape(report.title)
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{STYLE}</style></head><body>{HATCH}<h1>{title}</h1>",
        _summary(report),
        _reliability(report),
        *_nodes(report),
        *_bands(report),
        *_windows(report),
        _alerts(report),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _summary(report: Report) -> str:
    figures = report.reliability
    told = f"{figures.failures} failures, {figures.repairs} repairs in {duration(figures.observed_s)} of node time"
    if report.monitor is None:
        return f"<p>{told}.</p>"
    level = report.monitor.level
    alarm = "no alert" if level is Level.CLEAR else f"alert: {level.name.lower()}"
    return f"<p>The service is <strong>{report.monitor.health.value}</strong> ({alarm}). {told}.</p>"


def _reliability(report: Report) -> str:
    rows = [
        [
            label.removesuffix(" (s)"),
            *_figures(getattr(report.reliability, name), duration if name.endswith("_s") else _share),
        ]
        for name, label in WORDS.items()
    ]
    return "<h2>Reliability</h2>" + _table(["", "value", "interval", "observations"], rows)


def _figures(estimate: Estimate, show: Callable[[float], str]) -> list[str]:
    value, low, high = (_finite(each, show) for each in estimate[:3])
    return [value, f"{low} … {high}", str(estimate.n)]


def _finite(value: float, show: Callable[[float], str]) -> str:
    if math.isnan(value):
        return "—"
    return show(value) if math.isfinite(value) else ("∞" if value > 0.0 else "−∞")


def _share(value: float) -> str:
    return f"{value:.6g}"


def _nodes(report: Report) -> list[str]:
    if not report.records or report.end_s is None:
        return []
    named = [(f"node {place}", record) for place, record in enumerate(report.records)]
    chart = availability_chart(named, report.end_s)
    left = len(named) - MOST_ROWS
    more = f" {left} nodes that were down least are left out." if left > 0 else ""
    note = f'<p class="note">Hatched: down. What is shorter than a column is drawn as one column.{more}</p>'
    return [f'<h2>Who was up</h2><div class="wide">{chart}</div>{note}']


def _bands(report: Report) -> list[str]:
    if report.monitor is None:
        return []
    rows = []
    for metric, light in report.monitor.lights.items():
        value = report.monitor.metrics[metric]
        sign = f'<span class="sign {light.value}" aria-hidden="true">{SIGNS[light]}</span>{light.value}'
        band = BANDS[metric]
        limits = f"{'below' if band.good < band.bad else 'above'} {band.good:g}"
        rows.append([_name(metric), "—" if value is None else f"{value:.4g}", limits, sign])
    heads = ["last calls", "value", "good", "band"]
    return [f"<h2>The service</h2>{_table(heads, rows, numbers=(1,))}"]


def _windows(report: Report) -> list[str]:
    """Draw the windows' history, of those metrics that were known at any time."""
    parts = []
    if not report.history:
        return []
    start_s, end_s = report.history[0][0], report.history[-1][0]
    if report.records and report.end_s is not None:  # the same axis as that of the nodes
        start_s, end_s = min(record.start_s for record in report.records), max(report.end_s, end_s)
    for metric, band in BANDS.items():
        points = [(at_s, value) for at_s, seen in report.history if (value := seen.get(metric)) is not None]
        if len(points) < 2:
            continue
        alerts_s = [at_s for at_s, alert in report.alerts if alert.metric == metric and alert.level > alert.before]
        chart = window_chart(points, band, alerts_s, start_s=start_s, end_s=end_s, what=f"{METRICS[metric]} over time")
        parts.append(f'<h2>{METRICS[metric].capitalize()} over time</h2><div class="wide">{chart}</div>')
    if parts:
        parts.append(
            '<p class="note">The worst value of each column. Dotted: the limit of good; dashed: of bad; '
            "triangle: an alert.</p>"
        )
    return parts


def _alerts(report: Report) -> str:
    if not report.alerts:
        return "<h2>Alerts</h2><p>None.</p>"
    rows = [
        [
            duration(at_s),
            _name(alert.metric),
            f"{alert.before.name.lower()} → {alert.level.name.lower()}",
            f"{alert.value:.4g}",
        ]
        for at_s, alert in report.alerts[:MOST_ALERTS]
    ]
    left = len(report.alerts) - len(rows)
    more = f'<p class="note">{left} more are left out here; the JSON report has them all.</p>' if left else ""
    return "<h2>Alerts</h2>" + _table(["at", "metric", "level", "value"], rows, numbers=(3,)) + more


def _name(metric: str) -> str:
    return escape(METRICS.get(metric, metric))


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = (1, 2, 3)) -> str:
    """Return a table; the cells are HTML already."""

    def cells(tag: str, row: Sequence[str]) -> str:
        kinds = [' class="number"' if place in numbers else "" for place in range(len(row))]
        return "".join(f"<{tag}{kind}>{cell}</{tag}>" for kind, cell in zip(kinds, row, strict=True))

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{cells("th", heads)}</tr></thead><tbody>{body}</tbody></table></div>'
