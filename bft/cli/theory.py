"""`bft theory`: thresholds, exact laws and the source documents' formulas, as a table."""

from __future__ import annotations

import json
from argparse import Namespace
from typing import Any

from bft.arguments import check_whole
from bft.cli.output import tell
from bft.core.quorum import QuorumSystem
from bft.errors import SweepError, UnsupportedError, bad_value
from bft.experiments.axes import axis_values
from bft.experiments.tables import align
from bft.limits import MOST_NODES
from bft.theory.agreement import crash_law, silent_primary_law
from bft.theory.equivocation import equivocation_law
from bft.theory.faults import independent
from bft.theory.lying import lying_law
from bft.theory.source_documents import alpha, at_most_f_faulty, p_t, reliability

NOTES = """\
K of n nodes are faulty, each with probability δ. Safety needs K < 2q − n Byzantine nodes, liveness K ≤ n − q faulty
ones.
crash, silent primary, equivocate, lie: exact laws of one decision in n views, lossless links, perfect validators.
The source document's α is the probability that at least one node is faulty, its R is the reliability of a single
node, 1 − δ, whatever n, and its P(t) is no probability. None of them is the probability of agreement; what it lacks is
P(K ≤ f), the probability that PBFT is within its fault bound."""


def theory_command(arguments: Namespace) -> int:
    """Print the table."""
    rows = [
        row(n, delta) for n in _sizes(arguments.n) for delta in _numbers("faults.delta", arguments.delta, whole=False)
    ]
    tell(json.dumps(rows, indent=1, allow_nan=False) if arguments.json else readable(rows))
    return 0


def row(n: Any, delta: Any) -> dict[str, Any]:
    """Return thresholds, exact laws and the source document's formulas for n nodes that are faulty with δ."""
    system = QuorumSystem.of(n)
    faults = independent(n, delta)
    equivocation, lying = equivocation_law(system, faults), lying_law(system, faults)
    return {
        "n": n,
        "faults.delta": delta,
        "f": system.tolerated,
        "q": system.quorum,
        "safety_needs_k_below": system.safe_below,
        "liveness_needs_k_up_to": system.live_up_to,
        "at_most_f_faulty": at_most_f_faulty(n, delta),
        "crash_agree": crash_law(system, faults).agree,
        "silent_primary_agree": silent_primary_law(system, faults).agree,
        "equivocate_agree": equivocation.agree,
        "equivocate_split": equivocation.split,
        "equivocate_stalled": equivocation.stalled,
        "lie_correct": lying.correct,
        "lie_wrong": lying.wrong,
        "lie_stalled": lying.stalled,
        "s1_alpha": alpha(n, delta),
        "s1_reliability": reliability(delta),
        "s1_p_t": _p_t(n, delta),
    }


def readable(rows: list[dict[str, Any]]) -> str:
    """Return the rows as a table with notes."""
    header = ["n", "f", "q", "2q−n", "n−q", "δ", "P(K≤f)", "crash", "silent primary", "equivocate", "split", "stalled"]
    header += ["lie: correct", "wrong", "source: α", "R", "P(t)"]
    names = ["at_most_f_faulty", "crash_agree", "silent_primary_agree", "equivocate_agree", "equivocate_split"]
    names += ["equivocate_stalled", "lie_correct", "lie_wrong", "s1_alpha", "s1_reliability", "s1_p_t"]
    whole = ["n", "f", "q", "safety_needs_k_below", "liveness_needs_k_up_to"]
    body = [
        [
            *(str(each[name]) for name in whole),
            f"{each['faults.delta']:g}",
            *("" if each[name] is None else f"{each[name]:.5f}" for name in names),
        ]
        for each in rows
    ]
    return f"{align([header, *body])}\n\n{NOTES}"


def _p_t(n: int, delta: float) -> Any:
    try:
        return p_t(n, delta)
    except UnsupportedError:
        return None


def _sizes(text: str) -> list[Any]:
    sizes = _numbers("n", text, whole=True)
    for n in sizes:
        check_whole("n", n, SweepError, least=1, most=MOST_NODES)
    return sizes


def _numbers(path: str, text: str, *, whole: bool) -> list[Any]:
    values = list(axis_values(path, text))
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            raise SweepError(bad_value(path, value, "must be a whole number" if whole else "must be a number"))
    return values
