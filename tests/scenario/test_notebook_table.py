"""A scenario in a notebook: its quorum, its thresholds, and what is not as usual."""

from __future__ import annotations

import bft


def test_the_default_scenario_shows_its_quorum_and_nothing_else() -> None:
    html = bft.Scenario()._repr_html_()
    assert "<tr><th>quorum</th><td>3 of 4, tolerates 1</td></tr>" in html
    assert "<tr><th>safe</th><td>with fewer than 2 Byzantine nodes</td></tr>" in html
    assert html.count("<tr>") == 4


def test_every_field_that_is_changed_is_a_row() -> None:
    faults = bft.Faults(delta=0.1, behaviour="equivocate")
    html = bft.Scenario(n=7, faults=faults, network=bft.Network(loss=0.2), views="unlimited")._repr_html_()
    assert "<tr><th>faults.delta</th><td>0.1</td></tr>" in html
    assert "<tr><th>network.loss</th><td>0.2</td></tr>" in html
    assert "<tr><th>views</th><td>unlimited</td></tr>" in html
    assert "equivocate" in html
    assert "view_timeout_s" not in html


def test_stakes_are_weights() -> None:
    html = bft.Scenario(stakes=(1, 2, 3, 4))._repr_html_()
    assert "Byzantine weight" in html
    assert "<th>stakes</th><td>[1.0, 2.0, 3.0, 4.0]</td>" in html


def test_text_of_a_user_is_escaped() -> None:
    endpoints = {"<b>": {"time": {"law": "constant", "time_s": 0.5}}}
    html = bft.Scenario(validators="statistical", service={"endpoints": endpoints})._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
