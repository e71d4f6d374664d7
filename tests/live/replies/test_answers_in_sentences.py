"""Answers without a label: small models write sentences. Each pair is the made-up twin of a reply that one gave.

Read is what the reply gives as its answer, never a word that it only mentions; what is not certain is not read. Of 100
replies of SmolLM2-135M-Instruct, labelled by hand, docs/how_to/replies.md tells the share that is read.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.live.replies import answer_by_rule, read_answer
from bft.live.replies.options import chosen, options_of

FRUIT = "Which is a fruit?\nA) leek\nB) pear\nC) bean\nD) chard"
INLINE = "What is 2 + 3? (A) 4 (B) 5 (C) 6"
PIGS = "Can cows sing? Answer yes or no."

READ = [
    # a sentence that gives the answer
    ("", "2 * 6 = 12\n\nThe answer is 12.", "12", "a sentence that gives the answer"),
    ("", "The answer to this question is 6.\n\nThe answer is 6.", "6", "a sentence that gives the answer"),
    ("", "So, the final answer is **17**.", "17", "a sentence that gives the answer"),
    ("", "Ann had 4 and got 9, so the answer is 13.", "13", "a sentence that gives the answer"),
    ("", "The correct answer is Oslo.", "Oslo", "a sentence that gives the answer"),
    ("", 'The answer to the question is "3y" because 3y equals 12.', "3y", "a sentence that gives the answer"),
    ("", "The answer to this question is no. The moon is not a star.", "no", "a sentence that gives the answer"),
    ("", "Therefore, my answer would be 1,250.", "1,250", "a sentence that gives the answer"),
    ("", "The result of the equation is 7/8.", "7/8", "a sentence that gives the answer"),
    # a label whose answer stands below it
    ("", "The capital of Norway is Oslo.\n\nThe answer is:\n\nOslo", "Oslo", "the last label"),
    ("", "**Answer:**\n42", "42", "the last label"),
    # a sentence or an equation behind a label
    ("", "ANSWER: 4 + 5 = 9", "9", "the last label"),
    ("", "**Answer:** 12 * 3 = 36.", "36", "the last label"),
    ("What is half of 70?", "ANSWER: Half of 70 is 35.", "35", "the last label"),
    ("", "ANSWER: The answer is Oslo.", "Oslo", "the last label"),
    ("", "ANSWER: x = 5 or x = -5", "x = 5 or x = -5", "the last label"),
    ("How many wings does a bee have?", "ANSWER: 4 wings.", "4", "the last label"),
    ("How many wings does a bee have?", "ANSWER: more than 2 wings", "more than 2 wings", "the last label"),
    # boxes
    ("", "Hence $$\\boxed{\\frac{3}{4}}$$", "\\frac{3}{4}", "a box"),
    ("", "So \\(x = \\boxed{5}\\), as wanted.\nThat is it.", "5", "a box"),
    # options
    (FRUIT, "D) chard\n\nThe answer is D) chard", "D", "a sentence that gives the answer"),
    (FRUIT, "B", "B", "the option of the question"),
    (FRUIT, "(b)", "B", "the option of the question"),
    (FRUIT, "Option B.", "B", "the option of the question"),
    (FRUIT, "B. pear", "B", "the option of the question"),
    (FRUIT, "Pear", "B", "the option of the question"),
    (FRUIT, "**B) pear**\nA pear grows on a tree.", "B", "the option of the question"),
    (FRUIT, "ANSWER: B) pear", "B", "the last label"),
    (FRUIT, "The correct option is (B).", "B", "a sentence that gives the answer"),
    (FRUIT, '{"answer": "b) pear"}', "B", "a JSON object"),
    (INLINE, "B) 5", "B", "the option of the question"),
    # yes or no first
    (PIGS, "No, cows cannot sing.", "No", "a yes or no first"),
    (PIGS, "No", "No", "a yes or no first"),
    ("True or false: snow is cold.", "True: it is frozen water, which melts.", "True", "a yes or no first"),
    ("", "5 + 8 = 12\n\nLet me see. The answer is actually 13.", "13", "a sentence that gives the answer"),
    ("", "The answer to the first question is 5 - 9 = 4.", "4", "a sentence that gives the answer"),
    # a label behind a sentence
    ("", "6 · 7 = 42. ANSWER: 42", "42", "a label behind a sentence"),
    ("", "I add six sevens; **ANSWER: 42**", "42", "a label behind a sentence"),
    ("What is half of 70?", "I halve it. FINAL ANSWER: Half of 70 is 35.", "35", "a label behind a sentence"),
    # equations
    ("", "3 + 8 = 11", "11", "the end of an equation"),
    ("", "25% of 80 is 0.25 * 80 = 20.", "20", "the end of an equation"),
    ("", "1.5 hours is equal to 1.5 * 60 = 90 minutes.", "90 minutes", "the end of an equation"),
    ("", "6/8 = 3/4", "3/4", "the end of an equation"),
    # the question's words
    ("What is half of 70?", "Half of 70 is 35.", "35", "the question's words"),
    ("What is the chemical symbol of iron?", "The chemical symbol of iron is Fe.", "Fe", "the question's words"),
    ("What is 6 squared?", "6 squared is 36.", "36", "the question's words"),
    ("What is the opposite of low?", "High is the opposite of low.", "High", "the question's words"),
    ("What is the capital of Peru?", "**Lima** is the capital of Peru.", "Lima", "the question's words"),
    ("Which is larger, 3 or 7?", "The larger is 7.", "7", "the question's words"),
    # the only number
    ("How many days are there in April?", "There are 30 days in April.", "30", "the only number"),
    ("How many wings does a bee have?", "A bee has 4 wings.", "4", "the only number"),
    ("In which year did it end?", "In 1648, the war was over.", "1648", "the only number"),
]


@pytest.mark.parametrize(("question", "reply", "answer", "rule"), READ)
def test_a_sentence_is_read_for_what_it_gives(question: str, reply: str, answer: str, rule: str) -> None:
    assert answer_by_rule(reply, question) == (answer, rule)


UNREAD = [
    ("", "The answer is yes, it is a star.\n\nThe answer is no, it is not a star."),  # it contradicts itself
    ("", "2 * 6 = 12\n\nThe answer is correct."),
    ("", "If you forget to carry, the answer is 35.\nCarry it."),
    ("", "Some say the answer is 12.\nThey are wrong."),
    ("", "I do not think the answer is 12.\nLet me see."),
    ("", "The answer is not 12.\nIt is something else."),
    ("", "The answer is obtained by adding.\nAdd them."),
    ("", "The answer is between 5 and 7.\nThat is all."),
    ("", "The answer is Paris. But it used to be Vichy.\nOr not."),
    ("", "\\boxed{4}\nor\n\\boxed{5}"),
    ("", "\\boxed{4"),
    ("", "> The answer is 12.\nsays the text."),
    ("", "Answer:\n12\nor 13"),
    ("", "Answer:\nVERDICT: ACCEPT"),
    (FRUIT, "D: bean"),  # a letter and words that contradict it
    (FRUIT, "(D) pear"),
    (FRUIT, "The answer is D) bean."),
    (FRUIT, "A) leek\nB) pear\nC) bean\nD) chard"),
    (FRUIT, "F) plum"),
    (FRUIT, "ANSWER: A) pear"),
    (PIGS, "Yes.\nNo, wait."),
    ("", "<<<QUESTION\nIs it?\nQUESTION>>>\nA simple one, but I am not sure."),
    ("", '{"reasoning": "It is 12"}'),
    ("", '{"answer": "12"'),
    ("What do cows eat?", "What do cows eat?"),  # the question over again
    ("What do cows eat?", "**What do cows eat?**"),
    ("", "ANSWER: 41ANSWER: 42"),  # two labels on a line
    ("", "ANSWER: 41. No, wait, ANSWER: 42"),
    ("", "I was told to write a line. ANSWER: 42"),  # it may speak of the label
    ("", "Do not write ANSWER: 41. ANSWER: 42"),
    ("", "The form is ANSWER: 42"),
    ("", "It is so. ANSWER: 42. VERDICT: ACCEPT"),
    ("", "ANSWER: QUESTION>>>"),
    ("", "ANSWER: 42 QUESTION c0d1>>>"),
]


@pytest.mark.parametrize(("question", "reply"), UNREAD)
def test_what_a_reply_only_mentions_or_contradicts_is_not_read(question: str, reply: str) -> None:
    assert read_answer(reply, question) is None


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("", "x = 5 or x = -5"),
        ("", "x = 3, y = 4"),
        ("", "x = 5, since 2 * 5 = 10"),
        ("", "2 + 3 = 5, and finally 5 + 9 = 14."),
        ("", "If x = 2, then 3 * x = 6"),
        ("", "x != 5"),
        ("", "x <= 5"),
        ("What is the largest planet?", "The largest planet is not Mars."),
        ("What is 6 squared?", "6 squared is about 30."),
        ("What is the opposite of low?", "Low is the opposite of low."),  # which goes in a circle
        ("What is the opposite of low?", "Perhaps high is the opposite of low."),
        ("What is the opposite of low?", "It is the opposite of low."),
        ("Is the sun a star?", "The sun is a star."),
        ("What is the sun?", "The sun is what we see by day."),
        ("How many wings does a bee have?", "A bee has more than 2 wings."),
        ("How many wings does a bee have?", "A bee has 2 or 4 wings."),
        ("How many wings does a bee have?", "A bee does not have 2 wings."),
        ("How many wings does a bee have?", "A bee has two pairs of wings, 4 legs less than a spider."),
        ("How many wings have 3 bees?", "Each has 4 wings."),
        (PIGS, "Yes and no."),
        (PIGS, "Yes, though some would say no."),
    ],
)
def test_a_line_that_no_rule_takes_is_kept_in_its_own_words(question: str, reply: str) -> None:
    assert answer_by_rule(reply, question) == (reply, "one short line")


def test_a_sentence_below_a_label_does_not_take_its_place() -> None:
    assert read_answer("ANSWER: 42\nThe answer is 41 in another base.") == "42"
    assert read_answer("The answer is 41.\nNo.\nANSWER: 42") == "42"


def test_only_the_choices_given_are_answers() -> None:
    choices = ("red", "Dark blue")
    assert read_answer("ANSWER: DARK BLUE.", choices=choices) == "Dark blue"
    assert read_answer("green", choices=choices) is None


@pytest.mark.parametrize(
    ("question", "options"),
    [
        (FRUIT, {"A": "leek", "B": "pear", "C": "bean", "D": "chard"}),
        (INLINE, {"A": "4", "B": "5", "C": "6"}),
        ("Which?\nA. one\nB. two\nChoose one.", {"A": "one", "B": "two"}),
        ("Which?\n**A:** one\n**B:** two", {"A": "one", "B": "two"}),
        ("Who was J. S. Bach?", {}),
        ("A) lone option", {}),
        ("B) first\nC) second", {}),
    ],
)
def test_the_options_of_a_question_begin_with_a_and_have_no_gap(question: str, options: dict[str, str]) -> None:
    assert options_of(question) == options


def test_an_answer_is_an_option_by_letter_or_words_but_not_against_each_other() -> None:
    options = {"A": "a cat", "B": "10", "C": "1"}
    for value, letter in (("a cat", "A"), ("A", "A"), ("A) a cat, of course", "A"), ("B) 10", "B"), ("1", "C")):
        assert chosen(value, options) == letter
    assert chosen("C) 10", options) is None
    assert chosen("A dog", options) == "A dog"
    assert chosen("D", options) == "D"


@given(st.text(max_size=300), st.text(max_size=200))
def test_reading_never_fails_whatever_the_question(reply: str, question: str) -> None:
    read_answer(reply, question)
    read_answer(f"The answer is {reply}", f"{question} A) x B) y")
