"""The laws of HotStuff beside tables derived elsewhere, enumeration of every faulty set, and a formula of gaps."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError
from bft.theory.faults import fixed, heterogeneous, independent, of_fair_coins
from bft.theory.hotstuff import (
    chained_crash_law,
    chained_equivocation_law,
    hotstuff_message_count,
    share_with_a_run,
    with_a_run,
)

NAMES = {2: "three in a row (2-chain)", 3: "four in a row (3-chain)"}


@pytest.fixture
def table(shared_data: Path) -> dict[str, dict[str, dict[str, float]]]:
    read: dict[str, dict[str, dict[str, float]]] = json.loads(
        (shared_data / "validation" / "protocols.json").read_text()
    )
    return read


@pytest.mark.parametrize("chain", [2, 3])
def test_agreement_under_crashes_is_that_of_the_validation_table(chain: int, table: dict) -> None:
    for place, known in table["law"].items():
        n, delta = int(place.split()[0][2:]), float(place.split("=")[-1])
        law = chained_crash_law(QuorumSystem.of(n), independent(n, delta), chain=chain)
        assert law.agree == pytest.approx(known[NAMES[chain]], abs=6e-7)
        assert law.partial == 0.0


@pytest.mark.parametrize("chain", [2, 3])
def test_with_n_views_and_everybody_told_by_a_proposal_it_is_the_bounded_table(chain: int, table: dict) -> None:
    for n, known in table["bounded_views_t_equals_n_delta_0.1"][f"{chain}-chain"].items():
        nodes = int(n)
        law = chained_crash_law(QuorumSystem.of(nodes), independent(nodes, 0.1), chain=chain, views=nodes, told=False)
        assert law.agree == pytest.approx(known, abs=6e-7)


def test_shares_of_faulty_sets_are_those_of_the_validation_table(table: dict) -> None:
    for place, known in table["share of faulty sets of size k with a run of 4 / 3"].items():
        n, k = (int(part.split("=")[1]) for part in place.split())
        assert [share_with_a_run(n, k, 4), share_with_a_run(n, k, 3)] == pytest.approx(known, abs=1e-12)


def enumerated(deltas: np.ndarray, length: int, views: int, most: int) -> np.ndarray:
    """Go through every set of crashed nodes, and look for a run view by view."""
    n = len(deltas)
    found = np.zeros(most + 1)
    for k in range(most + 1):
        for crashed in combinations(range(n), k):
            runs = any(
                all((first + step) % n not in crashed for step in range(length)) for first in range(views - length + 1)
            )
            found[k] += runs * np.prod([deltas[node] if node in crashed else 1 - deltas[node] for node in range(n)])
    return found


@pytest.mark.parametrize("n", [1, 2, 3, 4, 6, 8])
@pytest.mark.parametrize("length", [3, 4])
def test_the_transfer_matrix_finds_what_enumeration_finds_for_any_number_of_views(n: int, length: int) -> None:
    deltas = np.random.default_rng(n).random(n)
    for views in range(1, n + length + 2):
        found = with_a_run(heterogeneous(deltas), length, min(views, n + length - 1), n // 2)
        assert found == pytest.approx(enumerated(deltas, length, min(views, n + length - 1), n // 2), abs=1e-13)


@pytest.mark.parametrize("n", [7, 40, 1000])
@pytest.mark.parametrize("length", [3, 4])
def test_the_transfer_matrix_counts_as_the_gaps_on_a_circle_do_up_to_a_thousand_nodes(n: int, length: int) -> None:
    most = QuorumSystem.of(n).live_up_to
    law = with_a_run(independent(n, 0.5), length, n + length - 1, most) * of_fair_coins(n)[: most + 1]
    for k in {1, most // 3, most // 2, most}:
        assert law[k] == pytest.approx(share_with_a_run(n, k, length), abs=1e-12)


def test_all_outcomes_are_told_and_arrays_keep_their_shape() -> None:
    law = chained_crash_law(QuorumSystem.of(6), independent(6, [0.0, 0.2, 1.0]), views=5, told=False)
    assert np.allclose(np.add(np.add(law.agree, law.partial), law.stalled), 1.0)
    assert np.asarray(law.agree)[0] == 1.0
    assert np.asarray(law.stalled)[2] == 1.0
    assert np.asarray(law.partial)[1] > 0.0


def test_equivocators_split_a_chain_only_with_leaders_in_a_row_of_their_own() -> None:
    seven = QuorumSystem.of(7)
    assert chained_equivocation_law(seven, fixed(7, (2, 3, 4)), chain=2).split == 1.0
    assert chained_equivocation_law(seven, fixed(7, (2, 3, 4))).stalled == 1.0
    assert chained_equivocation_law(seven, fixed(7, (0, 2, 4)), chain=2).split == 0.0
    assert chained_equivocation_law(seven, fixed(7, (0,))).agree == 1.0
    for k in range(seven.safe_below):
        for faulty in combinations(range(7), k):
            assert chained_equivocation_law(seven, fixed(7, faulty), chain=2).split == 0.0


def test_other_chains_and_counts_are_refused_in_one_sentence() -> None:
    with pytest.raises(ScenarioError, match="chain = 4: must be 2 or 3"):
        chained_crash_law(QuorumSystem.of(4), independent(4, 0.1), chain=4)
    with pytest.raises(ScenarioError, match="phases = 4: must be 1, 2 or 3"):
        hotstuff_message_count(4, phases=4)
    with pytest.raises(ScenarioError, match="k = 5: must be between 0 and n = 4"):
        share_with_a_run(4, 5, 3)
    with pytest.raises(ScenarioError, match="views = 0: must be at least 1"):
        chained_crash_law(QuorumSystem.of(4), independent(4, 0.1), views=0)
