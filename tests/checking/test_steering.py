"""Steering: what a run has reached, the corpus of those that reached something new, and what is made from them."""

from __future__ import annotations

from dataclasses import replace

from bft.checking import campaign, workers
from bft.checking import operations as ops
from bft.checking.campaign import campaign_json, search, sometimes
from bft.checking.counterexample import run
from bft.checking.coverage import words
from bft.checking.generators import GENERATORS, STEERED, generate
from bft.checking.generators.corpus import KEPT, RARE, Corpus, steered
from bft.checking.generators.draws import Draws
from bft.checking.mutant_runner import hunt
from bft.checking.plan import Plan
from bft.checking.protocols import bug
from bft.checking.report import campaign_table
from bft.checking.setting import Setting
from bft.checking.subjects import pbft

ALL = 0b1111
PBFT = pbft()
DECIDED = (ops.Ask(0, ALL), ops.Settle(6))
LEFT = (*DECIDED, *(ops.Fire(node, "view") for node in range(4)), ops.Ask(1, ALL), ops.Settle(6))


def words_of(*operations):
    return words(*run(PBFT, Setting(), operations))


def test_words_name_what_was_reached_and_how_far_nodes_are_apart():
    decided, apart = words_of(*DECIDED), words_of(ops.Ask(0, 0b0111), ops.Exchange("", (0b0111,) * 3 + (0,), False))
    assert "reached committed" in decided
    assert "reached committed" not in apart
    assert decided != apart
    assert words_of(*DECIDED) == decided


def test_a_corpus_keeps_what_is_rare_and_puts_the_rarest_first():
    corpus = Corpus()
    assert corpus.add(4, Setting(), DECIDED, frozenset({"often"}))
    for number in range(RARE):
        corpus.add(4, Setting(), (ops.Settle(number),), frozenset({"often"}))
    assert not corpus.add(4, Setting(), LEFT, frozenset({"often"}))
    assert corpus.add(4, Setting(), LEFT, frozenset({"often", "rare"}))
    assert not corpus.add(4, Setting(retransmit=False), LEFT, frozenset({"never seen"}))
    assert corpus.add(7, Setting(n=7), LEFT, frozenset({"often"}))
    assert corpus.rarest(4) == ["rare", "often"]
    assert corpus.parents(4)[0].operations == LEFT
    assert len(corpus.parents(4)) == 1 + KEPT
    assert [each.operations for each in corpus.parents(7)] == [LEFT]


def test_what_blocks_found_is_merged_and_counts_add_up():
    first, second = Corpus(), Corpus()
    for number in range(RARE):
        first.add(4, Setting(), (ops.Settle(number),), frozenset({"a"}))
    second.merge(first.found)
    assert second.rarest(4) == ["a"]
    assert len(second.parents(4)) == KEPT
    assert not second.add(4, Setting(), LEFT, frozenset({"a"}))
    again = Corpus(second.sample())
    assert again.parents(4) == second.parents(4)
    assert again.found.counts == {}


def test_steered_schedules_are_near_their_parents_and_keep_what_stabilisation_promises():
    corpus = Corpus()
    corpus.add(4, Setting(), (*LEFT, ops.Heal(6, 0)), frozenset({"a"}))
    corpus.add(4, Setting(clients=1), (ops.Ask(3, ALL), ops.Mutate(1, ALL, (1, 2, 3))), frozenset({"b"}))
    made = [steered(Draws.of(0, "children", index), corpus.parents(4)) for index in range(300)]
    assert made == [steered(Draws.of(0, "children", index), corpus.parents(4)) for index in range(300)]
    assert len({each.operations for each in made}) > 150
    for each in made:
        assert ops.from_json(ops.to_json(each.operations)) == list(each.operations)
        assert {heal.views for heal in each.operations if isinstance(heal, ops.Heal)} <= {6}
    assert any(set(each.operations) - {*LEFT, ops.Heal(6, 0), ops.Mutate(1, ALL, (1, 2, 3))} for each in made)


def test_an_empty_corpus_lets_another_generator_take_its_turn():
    made = generate(STEERED, 0, 3, PBFT, corpus=Corpus())
    assert made == generate(STEERED, 0, 3, PBFT)
    assert made.generator in GENERATORS


def test_steering_is_the_same_for_every_number_of_workers(monkeypatch):
    monkeypatch.setattr(campaign, "AHEAD", 2)
    monkeypatch.setattr(workers, "AHEAD", 2)
    plan = Plan(schedules=64 * 3, seed=2, sizes=(4,), generators=("twins", STEERED), mutant="commit quorum q-1")
    results = []
    for processes in (1, 2):
        told = campaign_json(search(replace(plan, workers=processes), stop_at_breach=False))
        results.append({key: value for key, value in told.items() if not key.endswith("cpu_s") and key != "wall_s"})
    assert results[0] == results[1]
    monkeypatch.setattr(campaign, "AHEAD", 100)
    unsteered = campaign_json(search(plan, stop_at_breach=False))
    assert unsteered["steps"] != results[0]["steps"]


def test_what_no_schedule_reached_is_told():
    result = search(Plan(schedules=12, sizes=(4,), generators=("twins",)))
    assert sometimes(result)["null at a checkpoint"] == 0
    table = campaign_table(result)
    assert "sometimes: forged state considered 0, null at a checkpoint 0" in table
    assert "never reached: " in table
    assert "null at a checkpoint" in table.splitlines()[-1]


def test_steering_finds_sooner_what_needs_rare_events_first():
    """Schedules to the kill, summed over three seeds: random ones alone, and every second one steered."""
    needed = [
        sum(
            hunt(bug("pbft", "repeated request executed again"), seed=seed, schedules=900, generators=order).schedules
            for seed in range(3)
        )
        for order in (("random",), ("random", STEERED))
    ]
    assert needed[1] < needed[0] / 2
