"""Perfect validators, of which nothing is to be feared."""

from __future__ import annotations

from bft.core.verdict import Verdict
from bft.randomness import Randomness
from bft.validators.settings import PerfectValidators


def test_perfect_validators_are_right_and_never_doubted() -> None:
    panel = PerfectValidators().model(4).panel(Randomness(1), 0)
    for node in range(4):
        proposed = panel.propose(node, 3)
        assert proposed.answer == panel.own_answer(node, 3) == panel.truth(3)
        assert proposed.latency_s == 0.0
        assert panel.judge(node, 3, panel.truth(3)).verdict is Verdict.ACCEPT
        assert panel.judge(node, 3, panel.wrong_answer(node, 3)).verdict is Verdict.REJECT
        assert panel.judge(node, 3, panel.truth(3)).latency_s == 0.0
