"""Sequence diagrams in Mermaid's words."""

from __future__ import annotations

import re

import pytest

import bft
from bft.errors import ScenarioError
from bft.exporting.mermaid import _plain, mermaid
from bft.simulation.journal import Journal

LINE = re.compile(
    r"sequenceDiagram|    participant n\d+ as [\w ,]+|    n\d+(->>|--x)n\d+: [^;#]+|    Note over n\d+(,n\d+)?: [^;#]+"
)


def journal_of(seed: int = 0, **scenario: object) -> Journal:
    journal = bft.simulate(bft.Scenario(**scenario), seed, journal=True).journal
    assert journal is not None
    return journal


@pytest.mark.parametrize("seed", range(4))
def test_every_line_is_one_that_mermaid_knows(seed: int) -> None:
    journal = journal_of(seed, n=4, faults={"nodes": [0], "behaviour": "equivocate"}, network={"loss": 0.1})
    lines = mermaid(journal).splitlines()
    assert all(LINE.fullmatch(line) for line in lines)
    assert lines[1] == "    participant n0 as node 0, Byzantine"
    assert any("--x" in line for line in lines)


def test_a_decision_of_four_nodes_has_its_messages() -> None:
    journal = journal_of()
    lines = mermaid(journal).splitlines()
    assert sum("->>" in line for line in lines) == len(journal.messages) == 3 + 9 + 12
    assert sum("executed" in line for line in lines) == 4
    assert "Status" not in mermaid(journal)


def test_a_long_run_is_cut_and_says_so() -> None:
    text = mermaid(journal_of(n=7), most=10)
    assert text.count("->>") == 10
    assert text.endswith("    Note over n0,n6: the first 10 messages, and the run goes on\n")
    with pytest.raises(ScenarioError, match=r"most = 0: must be at least 1"):
        mermaid(journal_of(), most=0)


def test_what_mermaid_would_read_as_its_own_is_escaped() -> None:
    assert _plain("a; b #1\nc") == "a#59; b #35;1 c"


def test_notes_are_sentences() -> None:
    text = mermaid(journal_of(faults={"nodes": [0], "behaviour": "crash_recover"}, seed=1))
    assert "entered view 1" in text
    assert "view view" not in text
    assert "crashed crashes" not in text
