"""A sweep as a self-contained page: its pictures, its table, its scenario, and the command that repeats it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from bft import __version__
from bft.experiments.results import Sweep
from bft.exporting.html import facts, page, table
from bft.plotting import agreement_figure, band_panels, protocols_figure, share_panels
from bft.plotting.style import png_of
from bft.record.outcome import Outcome

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = ("agree", "correct", "wrong", "partial", "stalled", "split")


def sweep_report(sweeps: Sequence[Sweep], *, command: str = "", figures: Mapping[str, Figure] | None = None) -> str:
    """Return the page of one or several sweeps.

    Parameters
    ----------
    sweeps : sequence of Sweep
        At least one.
    command : str, optional
        What to type to get it again.
    figures : mapping of str to Figure, optional
        Pictures by caption; by default P(agreement) and, along one axis, all outcomes.

    Returns
    -------
    str
        HTML that needs nothing beside itself.
    """
    pictures = dict(figures) if figures is not None else _figures(sweeps)
    return page("bft: a sweep", _body(sweeps, command, pictures))


def _figures(sweeps: Sequence[Sweep]) -> dict[str, Figure]:
    if len(sweeps) == 2 and "protocol" in sweeps[0].over:
        return {"Protocols side by side": protocols_figure(sweeps[0], sweeps[1])}
    if len(sweeps) == 2:
        return {"P(agreement), and all outcomes with LLM validators": agreement_figure(sweeps[0], sweeps[1])}
    figures = {"P(agreement)": share_panels(sweeps[0], ("agree",))}
    if sum(len(values) > 1 for values in sweeps[0].over.values()) == 1:
        figures["all outcomes"] = band_panels([sweeps[0]])
    return figures


def _body(sweeps: Sequence[Sweep], command: str, figures: Mapping[str, Figure]) -> Iterator[str]:
    yield f"<h1>{'A sweep' if len(sweeps) == 1 else 'Sweeps'}</h1>"
    runs = sum(result.runs for sweep in sweeps for result in sweep.results)
    failed, breaches = sum(len(each.failures) for each in sweeps), sum(each.breaches for each in sweeps)
    yield facts(
        [
            ("runs", f"{runs:,}, {failed} failed"),
            ("violations of what the protocol guarantees", f"in {breaches} replications" if breaches else "none"),
            *_splits(sweeps, breaches),
            ("seed", ", ".join(str(each.seed) for each in sweeps)),
            ("version", __version__),
            *([("command", command)] if command else []),
        ]
    )
    for caption, figure in figures.items():
        yield f"<h2>{escape(caption)}</h2>"
        yield f'<img alt="{escape(caption)}" src="data:image/png;base64,{b64encode(png_of(figure)).decode()}">'
    for sweep in sweeps:
        yield "<h2>Estimates</h2>"
        yield f"<p>{escape(repr(sweep)[1:-1])}; intervals at {100 * sweep.level:g} %</p>"
        yield table(_rows(sweep), head=_head(sweep))
        yield f"<details><summary>Scenario</summary><pre>{escape(sweep.scenario.to_toml())}</pre></details>"


def _splits(sweeps: Sequence[Sweep], breaches: int) -> Iterator[tuple[str, str]]:
    """Yield how often agreement broke where no protocol guarantees it; else a reader takes "none" for no split."""
    runs = sum(result.runs for sweep in sweeps for result in sweep.results)
    split = sum(result.tally.counts.get(Outcome.SPLIT, 0) for sweep in sweeps for result in sweep.results)
    if split > breaches:
        words = (
            f"{split:,} of {runs:,} runs: two honest replicas decided differently (S1, agreement, is broken). "
            "Agreement is guaranteed only with fewer than 2q − n Byzantine nodes, at most f, and, of a ballot, by a "
            "rule that needs a quorum"
        )
        yield "splits", words


def _head(sweep: Sweep) -> list[str]:
    names = [*sweep.over, "replications"]
    for name in SHOWN:
        names += [f"P({name})", "interval", *(["exact"] if _has_law(sweep, name) else [])]
    return names


def _rows(sweep: Sweep) -> Iterator[list[object]]:
    for row in sweep.rows:
        cells: list[object] = [row[path] for path in sweep.over]
        cells.append(row["replications"])
        for name in SHOWN:
            share = row[f"p_{name}"]
            cells += [
                "—" if share is None else float(share),
                f"{row[f'p_{name}_low']:.4f} … {row[f'p_{name}_high']:.4f}",
            ]
            if _has_law(sweep, name):
                exact = row.get(f"exact_{name}")
                cells.append("—" if exact is None else float(exact))
        yield cells


def _has_law(sweep: Sweep, name: str) -> bool:
    return any(f"exact_{name}" in row for row in sweep.rows)
