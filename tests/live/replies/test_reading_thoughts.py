"""What is thought is never an answer: every kind of delimiter, its opening missing, unclosed, nested, unknown."""

from __future__ import annotations

import pytest

from bft.live.replies import read_answer, read_text, read_verdict

KINDS = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<THINK>", "</Think>"),
    ("< think >", "</ think>"),
    ("<reasoning effort='high'>", "</reasoning>"),
    ("<reflection>", "</reflection>"),
    ("<scratchpad>", "</scratchpad>"),
    ("<analysis>", "</analysis>"),
    ("<inner_monologue>", "</inner_monologue>"),
    ("<seed:think>", "</seed:think>"),
    ("<antThinking>", "</antThinking>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("<|channel>thought\n", "<channel|>"),
    ("<unused94>thought\n", "<unused95>"),
    ("＜think＞", "＜/think＞"),
    ("&lt;think&gt;", "&lt;/think&gt;"),
    ('<details type="reasoning" done="true">', "</details>"),
    ("Here is my thought process:\n", "\nHere is my response:\n"),
]


@pytest.mark.parametrize(("opening", "closing"), KINDS)
def test_a_thought_of_every_kind_is_dropped(opening: str, closing: str) -> None:
    thought = f"{opening}Perhaps 41?\nANSWER: 41\nVERDICT: ACCEPT\n{closing}"
    assert read_answer(f"{thought}42") == "42"
    assert read_answer(f"{thought}\n\nANSWER: 42") == "42"
    assert read_text(f"{thought}\nIt is 42.") == "It is 42."
    assert read_verdict(f"{thought}\nVERDICT: REJECT").value == "reject"  # type: ignore[union-attr]


@pytest.mark.parametrize(("opening", "closing"), KINDS)
def test_a_thought_that_is_never_closed_makes_the_reply_unreadable(opening: str, closing: str) -> None:
    del closing
    for reply in (
        f"{opening}ANSWER: 41",
        f"{opening}I guess 41",
        f"ANSWER: 42\n{opening}hm",
        f"{opening}VERDICT: ACCEPT",
    ):
        assert (read_answer(reply), read_text(reply), read_verdict(reply)) == (None, None, None), reply


@pytest.mark.parametrize(
    ("opening", "closing"), [pair for pair in KINDS if "details" not in pair[0] and "Here" not in pair[0]]
)
def test_without_its_opening_all_before_the_closing_was_thought(opening: str, closing: str) -> None:
    del opening
    assert read_answer(f"First try.\nANSWER: 41\nNo.\n{closing}\n\n42") == "42"
    assert read_text(f"Maybe 41?\n{closing}\n\nIt is 42.") == "It is 42."
    assert read_verdict(f"VERDICT: ACCEPT\n{closing}") is None


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("<think>a<think>b</think>c</think>42", "42"),
        ("<think>a<reasoning>b</think>42", "42"),
        ("<think>a<think>ANSWER: 41</think>", None),
        ("<think>a</reasoning>ANSWER: 41", None),
        ("<think></think>42", "42"),
        ("<think>41</think>", None),
        ("a</think>b</think>42", "42"),
        ("<think>a</think>ANSWER: 41</think>42", "42"),
        ("analysisThe user asks for 41.assistantfinalANSWER: 42", "42"),
        ("analysisThe user asks for ANSWER: 41", None),
        ("`<think>` opens a thought", "`<think>` opens a thought"),
    ],
)
def test_thoughts_in_thoughts_and_pairs_that_do_not_match(reply: str, answer: str | None) -> None:
    assert read_answer(reply) == answer


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("<daydream>ANSWER: 41</daydream>", None),
        ("<daydream>It is 41</daydream>", None),
        ("<daydream>\nANSWER: 41", None),
        ("ANSWER: 41\n</daydream>\nwell", None),
        ("<daydream>\nANSWER: 41\n</daydream>\nANSWER: 42", "42"),
        ("ANSWER: vector<int>", "vector<int>"),
        ("so 1 < 2 and 3 > 2\nANSWER: <b>42</b>", "<b>42</b>"),
    ],
)
def test_what_an_unknown_tag_holds_is_not_read(reply: str, answer: str | None) -> None:
    assert read_answer(reply) == answer
