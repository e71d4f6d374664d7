"""One view over lossy links: the table of the validation cases, and every loss of every message of a small system."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, UnsupportedError
from bft.theory.lossy_links import lossy_links_law


@pytest.mark.parametrize(
    ("n", "loss", "everybody", "nobody", "some"),
    [
        (4, 0.01, 0.96856, 0.00146, 0.02998),
        (4, 0.1, 0.61371, 0.11376, 0.27253),
        (4, 0.3, 0.07656, 0.60538, 0.31806),
        (7, 0.01, 0.94128, 0.00023, 0.05849),
        (7, 0.1, 0.44416, 0.11138, 0.44446),
        (7, 0.3, 0.00381, 0.83369, 0.16251),
    ],
)
def test_the_table_of_the_validation_cases(n: int, loss: float, everybody: float, nobody: float, some: float) -> None:
    law = lossy_links_law(QuorumSystem.of(n), loss)
    assert [round(value, 5) for value in (law.agree, law.stalled, law.partial)] == [everybody, nobody, some]


def every_loss(n: int, quorum: int, loss: float) -> tuple[float, float, float]:
    """Enumerate which message of which phase arrives: n = 3 has 2 + 4 + 6 of them at most."""
    links = [(i, j) for i in range(n) for j in range(n) if i != j]
    sent = [("pre-prepare", 0, j) for j in range(1, n)]
    sent += [("prepare", i, j) for i, j in links if i != 0] + [("commit", i, j) for i, j in links]
    chances = {"all": 0.0, "none": 0.0, "some": 0.0}
    for arrives in product((True, False), repeat=len(sent)):
        got = {message for message, ok in zip(sent, arrives, strict=True) if ok}
        chance = float(np.prod([1.0 - loss if ok else loss for ok in arrives]))
        backups = [j for j in range(1, n) if ("pre-prepare", 0, j) in got]
        prepared = []
        for j in [0, *backups]:
            votes = sum(i == j or ("prepare", i, j) in got for i in backups)
            if votes >= quorum - 1:
                prepared.append(j)
        committed = [j for j in prepared if sum(i == j or ("commit", i, j) in got for i in prepared) >= quorum]
        chances["all" if len(committed) == n else "some" if committed else "none"] += chance
    return chances["all"], chances["none"], chances["some"]


@pytest.mark.parametrize(("n", "quorum"), [(1, 1), (2, 1), (2, 2), (3, 1), (3, 2), (3, 3)])
def test_every_loss_of_every_message(n: int, quorum: int) -> None:
    law = lossy_links_law(QuorumSystem.of(n, quorum=quorum), 0.2)
    assert (law.agree, law.stalled, law.partial) == pytest.approx(every_loss(n, quorum, 0.2), rel=1e-12)


@given(n=st.integers(1, 20), loss=st.floats(0.0, 1.0), data=st.data())
def test_outcomes_are_a_distribution(n: int, loss: float, data: st.DataObject) -> None:
    law = lossy_links_law(QuorumSystem.of(n, quorum=data.draw(st.integers(1, n))), loss)
    assert law.agree + law.stalled + law.partial == pytest.approx(1.0, abs=1e-11)
    assert min(law.agree, law.stalled, law.partial) >= 0.0
    assert law.correct == law.agree


def test_limits_and_shapes() -> None:
    law = lossy_links_law(QuorumSystem.of(7), np.array([[0.0, 1.0]]))
    assert np.shape(law.agree) == (1, 2)
    assert law.agree == pytest.approx(np.array([[1.0, 0.0]]), abs=1e-15)
    assert law.stalled == pytest.approx(np.array([[0.0, 1.0]]), abs=1e-15)
    assert lossy_links_law(QuorumSystem.of(1), 1.0).agree == 1.0


def test_weights_of_any_unit_are_votes() -> None:
    doubled = QuorumSystem(weights=(2, 2, 2, 2), tolerated=2, quorum=6)
    assert lossy_links_law(doubled, 0.1).agree == lossy_links_law(QuorumSystem.of(4), 0.1).agree


def test_what_the_law_does_not_cover_is_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"^stakes = \[2, 1, 1, 1\]: must be equal for the law of lossy links$"):
        lossy_links_law(QuorumSystem.of(4, stakes=[2, 1, 1, 1]), 0.1)
    with pytest.raises(ScenarioError, match=r"^network\.loss = 2\.0: must be between 0 and 1$"):
        lossy_links_law(QuorumSystem.of(4), 2.0)
