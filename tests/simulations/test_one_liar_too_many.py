"""The script answers as its docstring says: a split with 2q − n colluders at every size, none with one fewer."""

from __future__ import annotations

import runpy
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "simulations" / "one_liar_too_many.py"


def test_one_liar_too_many_is_found_and_one_fewer_is_not(capsys) -> None:
    script = runpy.run_path(str(SCRIPT))
    findings = script["main"](schedules=150, sizes=(4, 6, 7))
    assert [(each.n, each.colluders, each.operations is not None) for each in findings] == [
        (4, 1, False),
        (4, 2, True),
        (6, 1, False),
        (6, 2, True),
        (7, 2, False),
        (7, 3, True),
    ]
    assert all(each.operations is None or each.operations <= script["MOST_OPERATIONS"] for each in findings)
    assert capsys.readouterr().out.count("found") == 3
