"""The page on replies shows the rules of the readers, in their order, and their bounds."""

from __future__ import annotations

import re
from pathlib import Path

from bft.live.replies import ANSWER_RULES, CONFIDENCE_RULES, VERDICT_RULES
from bft.live.replies.answers import ANSWER_CHARS, SHORT_CHARS
from bft.live.replies.verdicts import VERDICT_CHARS

PAGE = Path(__file__).parents[3] / "docs" / "how_to" / "replies.md"


def test_the_page_lists_the_rules_of_each_reader_in_their_order() -> None:
    rows = re.findall(
        r"^\| ?(answer|verdict|confidence|) ?\| ((?:a|one|the) [^|]*) \|", PAGE.read_text(encoding="utf-8"), re.M
    )
    listed: dict[str, list[str]] = {}
    for reader, rule in rows:
        listed.setdefault(reader or list(listed)[-1], []).append(rule)
    of = {"answer": ANSWER_RULES, "verdict": VERDICT_RULES, "confidence": CONFIDENCE_RULES}
    assert listed == {reader: [rule.name for rule in rules] for reader, rules in of.items()}


def test_the_page_states_the_bounds() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for stated in (
        f"at most {SHORT_CHARS} characters",
        f"more than {ANSWER_CHARS:,} characters",
        f"{VERDICT_CHARS} characters",
    ):
        assert stated in page
