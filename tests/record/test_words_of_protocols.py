"""Messages and events are worded and drawn as their protocol's description says, a user's own too."""

from __future__ import annotations

import bft
from bft.exporting.mermaid import mermaid
from bft.exporting.perfetto import perfetto
from bft.exporting.run_report import run_report
from bft.exporting.shiviz import shiviz
from bft.plotting.messages import messages_by_phase
from bft.plotting.space_time import space_time
from bft.protocols.protocol import MARKS
from bft.protocols.registry import PROTOCOLS, protocol_of
from bft.record.diagram_signs import SIGNS
from bft.record.words import Words
from tests.protocols.echo_protocol import ECHO, Echo, Echoed


def test_a_users_own_events_are_worded_marked_and_exported() -> None:
    run = bft.simulate(bft.Scenario(protocol=ECHO), 1, journal=True)
    assert run.journal is not None
    diagram = run.journal.diagram()
    assert diagram.phases == ("Propose", "Echo")
    assert {mark.kind for mark in diagram.marks} == {"committed", "executed"}
    assert "counts a quorum for a at 1" in shiviz(run.journal)
    assert "committed a" in mermaid(run.journal)
    assert any(each["name"] == "counts a quorum for a at 1" for each in perfetto(run.journal)["traceEvents"])
    assert "counts a quorum for a at 1" in run_report(run)
    legend = space_time(diagram).get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()][:2] == ["Propose", "Echo"]
    bars = messages_by_phase({"one run": run.metrics.sent_by_kind}, protocol=ECHO)
    assert [text.get_text() for text in bars.get_legend().get_texts()] == ["Propose", "Echo"]


def test_without_a_protocol_words_are_plain() -> None:
    assert Words().of_event(Echoed(0, 3, "d", (0,))) == "Echoed in view 0"
    assert Words(ECHO).of_event(Echoed(0, 3, "d", (0,))) == "counts a quorum for a at 3"
    assert Words(ECHO).of_message(Echo(2, None)) == "Echo (seq 2)"  # type: ignore[arg-type]


def test_every_mark_has_a_sign_and_every_event_that_enters_has_a_view() -> None:
    assert set(MARKS) <= set(SIGNS)
    for name in PROTOCOLS:
        for kind in protocol_of(name).events:
            fields = getattr(kind.type, "__dataclass_fields__", {})
            assert not (kind.enters or kind.leaves) or "view" in fields or hasattr(kind.type, "view")
            assert not kind.commits or all(part in fields or hasattr(kind.type, part) for part in ("seq", "digest"))


def test_a_long_run_keeps_rare_events_of_any_protocol() -> None:
    scenario = bft.Scenario(protocol=ECHO, requests={"count": 40, "rate_per_s": 2.0})
    whole, brief = (bft.Simulator(scenario, 1, keep=keep).run() for keep in ("all", "summary"))
    assert whole.outcomes == brief.outcomes
    assert len(brief.outcomes) == 40
    assert brief.metrics.views == 1
