"""The page of a run: what stands in it, and that it works in a real browser without asking anyone for anything."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, ClassVar

import pytest
from matplotlib.lines import Line2D

import bft
from bft.errors import BftError
from bft.exporting.html import asset, facts, table
from bft.exporting.run_report import LOG_ENTRIES, run_report
from bft.record.diagram_signs import SIGNS

SCENARIO = bft.Scenario(
    n=7,
    faults={"nodes": [0, 3], "behaviour": "equivocate"},
    validators={"kind": "statistical", "latency": {}},
    network={"loss": 0.05},
)


@pytest.fixture(scope="module")
def run() -> bft.Run:
    return bft.simulate(SCENARIO, 3, journal=True)


@pytest.fixture(scope="module")
def file(run: bft.Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("report") / "run.html"
    file.write_text(run_report(run), encoding="utf-8")
    return file


def diagram_of(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="diagram">(.*?)</script>', text, re.DOTALL)
    assert found
    read: dict[str, Any] = json.loads(found[1])
    return read


def test_no_address_stands_in_the_page(file: Path) -> None:
    assert not re.search(r"\bhttps?:|//\w+\.\w+|@import|url\((?!#)", file.read_text())


def test_every_message_is_in_the_page_with_its_fate(run: bft.Run, file: Path) -> None:
    told = diagram_of(file.read_text())
    assert run.journal is not None
    assert len(told["arrows"]) == len(run.journal.messages)
    lost = [each for each in told["arrows"] if each["received"] is None]
    assert len(lost) == sum(each.fate != "delivered" for each in run.journal.messages)
    assert all(0 <= each["sent"] <= told["end"] for each in told["arrows"] if each["kind"] not in told["hidden"])


def test_elements_are_closed_in_order(file: Path) -> None:
    class Nesting(HTMLParser):
        open: ClassVar[list[str]] = []

        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in ("meta", "link", "input"):
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    nesting = Nesting()
    nesting.feed(file.read_text())
    assert nesting.open == []


def test_text_is_escaped() -> None:
    assert "&lt;b&gt;" in table([("<b>", 1)], head=("<i>",))
    assert "<i>" not in table([("<b>", 1)], head=("<i>",))
    assert "<b>" not in facts([("<b>", "<b>")])


def test_a_hostile_answer_cannot_leave_its_place(tmp_path: Path) -> None:
    answers = tmp_path / "answers.csv"
    hostile = "</script><script>document.title='broken'</script>"
    rows = ["question_id,gold,model,answer", *(f'q1,{hostile},m{node},"{hostile}"' for node in range(4))]
    answers.write_text("\n".join(rows) + "\n")
    scenario = bft.Scenario(
        n=4, validators={"kind": "recorded", "file": str(answers), "models": ["m0", "m1", "m2", "m3"]}
    )
    text = run_report(bft.simulate(scenario, 1, journal=True))
    assert "document.title" in text
    assert "<script>document.title" not in text


def test_a_run_without_a_journal_is_refused() -> None:
    with pytest.raises(BftError, match=r"run\.journal = None: a report needs a run that kept one"):
        run_report(bft.simulate(bft.Scenario(), 1))


def test_the_page_works_in_a_browser(file: Path, open_page: Callable[[Path], Any]) -> None:
    opened = open_page(file)
    page = opened.page
    drawn = page.locator("#space-time g.arrow").count()
    assert drawn > 100
    assert page.locator("#shown").inner_text() == f"{drawn} messages in view"
    assert page.locator("#space-time text", has_text="node 0, Byzantine").count() == 1

    page.uncheck("input[data-kind=Prepare]")
    without = page.locator("#space-time g.arrow").count()
    told = diagram_of(file.read_text())
    assert drawn - without == sum(each["kind"] == "Prepare" for each in told["arrows"])
    page.check("input[data-kind=Status]")
    assert page.locator("#space-time g.arrow").count() > without

    before = page.locator("#space-time g.arrow").count()
    page.click("#zoom-in")
    assert page.locator("#space-time g.arrow").count() < before
    page.click("#zoom-all")
    assert page.locator("#space-time g.arrow").count() == before
    page.locator("#space-time").focus()
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    assert page.locator("#space-time g.arrow").count() < before

    rows = page.locator("#log tbody tr:visible").count()
    page.fill("#search", "its validator says reject")
    rejected = page.locator("#log tbody tr:visible").count()
    assert 0 < rejected < rows

    assert opened.errors == []
    assert opened.requests == [file.as_uri()]


def test_a_page_needs_no_drawing_library() -> None:
    told = (
        "import sys, bft; from bft.exporting.run_report import run_report; "
        "run_report(bft.simulate(bft.Scenario(n=4), 1, journal=True)); print('matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_every_sign_of_a_diagram_has_a_shape_on_the_page_and_in_the_picture() -> None:
    found = re.search(r"const paths = \{(.*?)\};", asset("space_time.js"))
    assert found is not None
    shapes = {quoted or plain for quoted, plain in re.findall(r'(?:"([^"]+)"|(\w)): "M', found[1])}
    assert {shape for shape, _ in SIGNS.values()} == shapes
    assert shapes <= set(Line2D.markers)


def test_the_search_looks_through_the_whole_log(open_page: Callable[[Path], Any], tmp_path: Path) -> None:
    """A run whose log is longer than what the page shows at once."""
    scenario = bft.Scenario(n=4, requests={"count": 40, "rate_per_s": 2})
    run = bft.simulate(scenario, 1, journal=True)
    assert run.journal is not None
    assert len(run.journal.log) > LOG_ENTRIES
    (tmp_path / "run.html").write_text(run_report(run), encoding="utf-8")
    page = open_page(tmp_path / "run.html").page
    assert page.locator("#found").inner_text() == f"the first {LOG_ENTRIES} of {len(run.journal.log)} entries"
    last = run.journal.log[-1]
    page.fill("#search", f"{last.time_s:.6f}")
    times = page.locator("#log tbody tr td:first-child").all_inner_texts()
    assert times == [f"{last.time_s:.6f}"] * sum(each.time_s == last.time_s for each in run.journal.log)
    page.fill("#search", "")
    assert page.locator("#log tbody tr").count() == LOG_ENTRIES
