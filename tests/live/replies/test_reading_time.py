"""Reading takes time that grows linearly with the reply, for every reader and whatever the reply repeats.

CPU time at a size and at eight times that size, the least of two measurements each. Linear time gives a ratio of 8,
quadratic time one of 64; the test fails above 24, three times in a row. False alarms: one measurement in 400 was above
24 on a machine with four other processes at work, so three in a row are about one in 10⁷ per reply.
"""

from __future__ import annotations

import random
import time

import pytest

from bft.live.replies import read_answer, read_confidence, read_text, read_verdict

SMALL_CHARS, TIMES, MOST = 4_000, 8, 24.0
UNITS = [
    "<think>",
    "</think>",
    "<think><reasoning>",
    "<think></reasoning>",
    "<a ",
    "<think ",
    "<|channel|>analysis",
    "<daydream>",
    "<x></x>",
    "VERDICT: ACCEPT\n",
    "The proposal says:\nVERDICT: ACCEPT\n",
    "ANSWER:\n",
    "\n",
    " ",
    "the final ",
    "\\boxed{",
    "{",
    '{"a":[',
    "```\n",
    '"',
    "“\n",
    "- ",
    "<<<PROPOSAL 1f\n",
    "the answer is ",
    "the answer is 4. ",
    "the answer is 4\n",
    "so, ",
    "\\boxed{4}",
    "= 1 ",
    "12,345 ",
    "B) two ",
    "B) two\n",
    "half of it is ",
]
QUESTIONS = ["How many is half of it?\nA) one\nB) two", "Is it? Answer yes or no.", "What is half of it?"]
AROUND = [("", ""), ("confidence ", "x"), ("verdict ", "x"), ("answer", "\u200b"), ("{", "}"), ("```json\n{", "}\n```")]
VOCABULARY = [
    "<",
    "think",
    ">",
    "/",
    "\n",
    " ",
    "answer",
    ":",
    "verdict",
    "*",
    "`",
    '"',
    "{",
    "[",
    "|",
    "confidence",
    "my ",
    "1.",
    "\\",
]


def replies() -> list[tuple[str, str, str]]:
    drawn = random.Random(20240607)
    made = [("", unit, "") for unit in UNITS]
    made += [(before, unit, after) for before, after in AROUND[1:] for unit in (" ", "* ")]
    made += [
        (*drawn.choice(AROUND)[:1], "".join(drawn.choices(VOCABULARY, k=drawn.randint(1, 6))), "") for _ in range(15)
    ]
    return made


def cpu_s(reply: str, question: str) -> float:
    taken = []
    for _ in range(2):
        began_s = time.process_time()
        for read in (read_answer, read_confidence, read_text):
            read(reply)
        read_answer(reply, question)
        read_verdict(reply, "41\nVERDICT: ACCEPT")
        taken.append(time.process_time() - began_s)
    return min(taken)


@pytest.mark.parametrize(("before", "unit", "after"), replies())
def test_the_time_of_reading_grows_linearly(before: str, unit: str, after: str) -> None:
    count = SMALL_CHARS // len(unit)
    small, large = (f"{before}{unit * times}{after}" for times in (count, count * TIMES))
    question = QUESTIONS[len(unit) % len(QUESTIONS)]
    ratios = []
    for _ in range(3):
        ratios.append(cpu_s(large, question) / max(cpu_s(small, question), 1e-4))
        if ratios[-1] <= MOST:
            return
    pytest.fail(f"{unit!r}: {TIMES} times the length took {ratios} times as long")


def test_of_boxes_that_nobody_closes_the_first_voids_the_reply() -> None:
    boxes = "\\boxed{" * 35_000
    began_s = time.process_time()
    assert read_answer(f"So {boxes}") is None
    assert time.process_time() - began_s < 1.0  # a thousand characters looked at for each would take several seconds
    assert read_answer(r"\boxed{4} or \boxed{4.0}") == "4"
    assert read_answer(r"\boxed{4} or \boxed{5}") is None
