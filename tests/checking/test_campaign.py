"""Campaigns, shrinking, saving, replaying, and the command behind `bft check`."""

from __future__ import annotations

import gc
import json
import os
from dataclasses import replace

import pytest

from bft.checking import block, campaign, check, workers
from bft.checking import shrink as shrinking
from bft.checking.campaign import campaign_json, reached_shares, search, sometimes
from bft.checking.check import CheckArguments, check_command
from bft.checking.counterexample import Counterexample, run
from bft.checking.generators import DEFAULT, generate
from bft.checking.generators.corpus import Seeds
from bft.checking.mutant_runner import hunt
from bft.checking.plan import SIZES, Plan
from bft.checking.protocols import bug, subject_of
from bft.checking.report import campaign_table, progress_line
from bft.errors import ScenarioError

EACH = 12
SCHEDULES = EACH * len(DEFAULT) * len(SIZES)


@pytest.fixture(scope="module")
def correct_core():
    return search(Plan(schedules=SCHEDULES, seed=3))


def test_the_correct_core_raises_no_alarm(correct_core):
    assert correct_core.found is None
    assert correct_core.first == {}
    assert correct_core.schedules == SCHEDULES


def test_every_generator_and_size_takes_its_turn(correct_core):
    assert {(row.generator, row.n) for row in correct_core.rows} == {(name, n) for name in DEFAULT for n in SIZES}
    for row in correct_core.rows:
        assert row.schedules == EACH * DEFAULT.count(row.generator)


MILESTONES = ("prepared", "committed", "view 2 or later", "non-empty O", "null in O", "state transfer", "restart")


def test_campaigns_get_where_bugs_would_be(correct_core):
    reached = reached_shares(correct_core.rows)
    for milestone in MILESTONES:
        assert reached[milestone] > 0, milestone
    assert reached["stable checkpoint during a view change"] > 0.01
    assert all(sometimes(correct_core).values()), sometimes(correct_core)
    table = campaign_table(correct_core)
    assert table.splitlines()[0].split()[:5] == ["generator", "n", "schedules", "breaches", "splits"]
    assert f"{SCHEDULES} schedules" in table


def test_workers_change_nothing_but_time():
    plan = Plan(schedules=60, seed=5, sizes=(4,), mutant="commit quorum q-1")
    alone = campaign_json(search(plan, stop_at_breach=False))
    together = campaign_json(search(replace(plan, workers=2), stop_at_breach=False))
    for each in (alone, together):
        for key in ("wall_s", "cpu_s", "schedules_per_cpu_s", "steps_per_cpu_s"):
            del each[key]
    assert alone == together
    assert alone["breaches"] > 0


def test_the_first_breach_is_the_same_for_every_number_of_workers():
    plan = Plan(seed=5, sizes=(4,), mutant="vote digests not compared", schedules=400)
    alone, together = search(plan), search(replace(plan, workers=2))
    assert alone.found == together.found
    assert alone.found is not None
    assert (alone.schedules, alone.first, alone.rows) == (together.schedules, together.first, together.rows)


@pytest.mark.parametrize("processes", [1, 2])
def test_progress_tells_rate_total_and_alarms(processes, monkeypatch):
    monkeypatch.setattr(campaign, "PROGRESS_S", 0.0)
    told = []
    plan = Plan(schedules=200, sizes=(4,), workers=processes, mutant="commit quorum q-1")
    search(plan, stop_at_breach=False, progress=told.append)
    assert [each.schedules for each in told] == [64, 128, 192, 200]
    assert all(each.total == 200 for each in told)
    assert told[-1].breaches > 0
    line = progress_line(replace(told[-1], wall_s=4.0, breaches=1))
    assert line == "200 of 200 schedules in 4 s, 50/s, 1 alarm"
    assert progress_line(replace(told[-1], total=None, breaches=0, wall_s=0.0)).startswith(
        "200 schedules in 0 s, 0/s, no"
    )


def test_ctrl_c_leaves_what_was_done(monkeypatch):
    real = workers.run_block

    def press(plan, start, stop, seeds, stop_at_breach):
        if start == 128:
            raise KeyboardInterrupt
        return real(plan, start, stop, seeds, stop_at_breach)

    monkeypatch.setattr(workers, "run_block", press)
    result = check_command(CheckArguments(plan=Plan(schedules=1000, sizes=(4,))))
    assert result.exit_code == 130
    assert result.json["schedules"] == 128
    assert result.json["interrupted"] is True
    assert "interrupted: 128 of 1000 schedules were run" in result.text


def test_ctrl_c_leaves_the_mutants_that_were_hunted(monkeypatch):
    def press(*_, progress, **__):
        progress(hunt(bug("pbft", "commit quorum f+1"), schedules=5))
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "hunt_all", press)
    result = check_command(CheckArguments(mutants=True))
    assert result.exit_code == 130
    assert "1 of 1 harmful mutants killed" in result.text
    assert "interrupted: 1 of" in result.text


def test_who_grows_impatient_gets_the_shortest_counterexample_so_far(monkeypatch):
    found = search(Plan(mutant="commit quorum q-1", sizes=(4,), schedules=50)).found
    runs = []

    def press(*arguments):
        runs.append(arguments)
        if len(runs) == 3:
            raise KeyboardInterrupt
        return run(*arguments)

    monkeypatch.setattr(shrinking, "run", press)
    assert shrinking.shrink(found).finding is not None


def test_a_worker_that_dies_is_an_error_in_one_sentence():
    with pytest.raises(workers.WorkerDiedError, match="a worker process died"):
        list(workers.shares([(Fatal(), 0, 1)], 2, True))


class Fatal:
    """Ends the process that unpickles it."""

    def __reduce__(self):
        return os._exit, (1,)


def test_too_many_colluders_split_and_the_schedule_shrinks(tmp_path):
    path = tmp_path / "split.json"
    plan = Plan(sizes=(4,), byzantine=2, schedules=400)
    result = check_command(CheckArguments(plan=plan, save=path))
    assert result.exit_code == 1
    assert result.found is not None
    assert result.found.finding.split
    assert len(result.found.operations) <= 30
    assert "two honest nodes executed different values" in result.text
    assert Counterexample.load(path) == result.found
    again = check_command(CheckArguments(replay=path))
    assert again.exit_code == 1
    assert again.json["finding"] == json.loads(path.read_text())["finding"]


@pytest.mark.parametrize(
    "name",
    [
        "commit quorum q-1",
        "lowest-view certificate kept",
        "restart forgets own votes",
        "old view goes on during a view change",
    ],
)
def test_counterexamples_shrink_to_thirty_operations_and_still_break_the_same(name):
    seeded = bug("pbft", name)
    result = search(Plan(mutant=name, sizes=(seeded.n,), schedules=6000))
    assert result.found is not None
    assert len(result.found.operations) <= 30
    assert result.found.finding.breach.invariant in result.first


def test_replaying_what_is_mended_finds_nothing(tmp_path):
    path = tmp_path / "mended.json"
    found = search(Plan(mutant="commit quorum q-1", sizes=(4,), schedules=50)).found
    replace(found, mutant=None).save(path)
    assert check_command(CheckArguments(replay=path)).exit_code == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"protocol": "raft"}, "protocol = 'raft': must be one of pbft"),
        ({"generators": ("dice",)}, "generators = 'dice': must be among random"),
        ({"generators": ()}, r"generators = \(\): must name at least one"),
        ({"sizes": ()}, r"n = \(\): must be numbers of nodes"),
        ({"sizes": (4, 10**9)}, "n = 1000000000: must be at most 4096"),
        ({"sizes": (0,)}, "n = 0: must be at least 1"),
        ({"byzantine": 9}, "byzantine = 9: must be between 0 and n = 4"),
        ({"quorum": 5}, "quorum = 5: must be between 1 and n = 4"),
        ({"seed": -1}, "seed = -1: must be a whole number"),
        ({"schedules": None}, "schedules = None: give a number of schedules, or of seconds"),
        ({"schedules": 0}, "schedules = 0: must be at least 1"),
        ({"seconds": 0.0}, "seconds = 0.0: must be more than 0"),
        ({"workers": 0}, "workers = 0: must be at least 1"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(change, message):
    with pytest.raises(ScenarioError, match=message):
        Plan(**{"sizes": (4,), "schedules": 10, **change})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "cannot be read"),
        ("[]", "format = "),
        ('{"format": "bft schedule 1"}', "setting = None: is missing"),
        ('{"format": "bft schedule 1", "protocol": "x", "setting": {}, "operations": []}', "protocol = 'x'"),
    ],
)
def test_a_file_that_is_no_schedule_is_refused(tmp_path, text, message):
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(ScenarioError, match=message):
        check_command(CheckArguments(replay=path))


def test_exactly_one_check_at_a_time():
    with pytest.raises(ScenarioError, match="give one of a campaign, mutants, or a schedule to replay"):
        check_command(CheckArguments())


def test_the_search_for_cycles_goes_on_after_a_block_however_it_ended(monkeypatch):
    plan = Plan(schedules=4, sizes=(4,), generators=("twins",))
    searched = []
    right = block.run

    def watched(*given, **more):
        searched.append(gc.isenabled())
        return right(*given, **more)

    monkeypatch.setattr(block, "run", watched)
    block.run_block(plan, 0, 4, Seeds(), stop_at_breach=True)
    assert searched == [False] * 4
    assert gc.isenabled()
    gc.disable()
    try:
        block.run_block(plan, 0, 1, Seeds(), stop_at_breach=True)
        assert not gc.isenabled()
    finally:
        gc.enable()
    monkeypatch.setattr(block, "run", None)
    with pytest.raises(TypeError):
        block.run_block(plan, 0, 1, Seeds(), stop_at_breach=True)
    assert gc.isenabled()


@pytest.mark.parametrize("protocol", ["pbft", "tendermint", "hotstuff", "ballot"])
def test_worlds_leave_no_cycles_behind(protocol):
    subject = subject_of(protocol)
    made = [generate(name, 1, index, subject) for index, name in enumerate(DEFAULT)]
    gc.collect()
    gc.disable()
    try:
        for each in made:
            run(subject, each.setting, each.operations)
        assert gc.collect() == 0
    finally:
        gc.enable()
