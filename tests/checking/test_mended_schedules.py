"""Schedules on which a campaign found a fault of the replicas, or of their monitor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bft.checking import operations as ops
from bft.checking.counterexample import finding_of, run
from bft.checking.protocols import subject_of
from bft.checking.setting import Setting

MENDED = json.loads((Path(__file__).parent / "mended_schedules.json").read_text())


@pytest.mark.parametrize("seen", MENDED, ids=lambda seen: seen["why"])
def test_what_campaigns_have_found_stays_mended(seen: Any) -> None:
    setting, operations = Setting.from_json(seen["setting"]), tuple(ops.from_json(seen["operations"]))
    _, monitor = run(subject_of(seen["variant"]), setting, operations)
    assert finding_of(monitor) is None
