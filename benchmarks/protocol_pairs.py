"""How fast are protocols beside PBFT? Messages delivered per CPU-second of each, in pairs.

In every turn each protocol runs the same number of decisions at the same n, one after the other in one process, so that
other work on the machine meets all; the order changes with the turn. Printed are the median of the turns, and the
median, the least and the greatest of the turns' ratios to PBFT.

Takes about a minute on an idle machine.

    python benchmarks/protocol_pairs.py
    python benchmarks/protocol_pairs.py tendermint hotstuff hotstuff-2 hotstuff-chained --n 16 64 --turns 15
"""

from __future__ import annotations

import argparse
from statistics import median
from time import process_time

import bft

SIZES = (4, 16, 64)
TURNS = 9
MESSAGES = 12_000
"""About so many are delivered in a turn."""
BASE = "pbft"


def rate(protocol: str, n: int, seed: int) -> float:
    """Return messages delivered per CPU-second."""
    simulator = bft.Simulator(bft.Scenario(n=n, protocol=protocol), seed)
    runs = max(2, MESSAGES // simulator.run(0).metrics.messages_delivered)
    started_s, delivered = process_time(), 0
    for replication in range(runs):
        delivered += simulator.run(replication).metrics.messages_delivered
    return delivered / (process_time() - started_s)


def main() -> None:
    """Print a row for each size and protocol."""
    parser = argparse.ArgumentParser(description="messages per CPU-second beside PBFT, in pairs")
    parser.add_argument("protocols", nargs="*", default=["tendermint"])
    parser.add_argument("--n", nargs="*", type=int, default=SIZES)
    parser.add_argument("--turns", type=int, default=TURNS)
    given = parser.parse_args()
    protocols = [BASE, *given.protocols]
    print(f"{'protocol':<20} {'n':>4} {'messages/s':>11} {'ratio':>6} {'least':>6} {'most':>6}")
    for n in given.n:
        turns: list[dict[str, float]] = []
        for turn in range(given.turns):
            order = protocols if turn % 2 else protocols[::-1]
            turns.append({protocol: rate(protocol, n, turn) for protocol in order})
        for protocol in protocols:
            ratios = [each[protocol] / each[BASE] for each in turns]
            rates = median(each[protocol] for each in turns)
            print(
                f"{protocol:<20} {n:>4} {rates:>11,.0f} {median(ratios):>6.2f} {min(ratios):>6.2f} {max(ratios):>6.2f}"
            )


if __name__ == "__main__":
    main()
