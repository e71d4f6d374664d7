"""One judge for a world: it changes no run, believes nothing unproved, and leaves a replica with a judge of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bft.checking.counterexample import run
from bft.checking.generators import generate
from bft.checking.pbft.shared_verifier import Judges, SharedVerifier
from bft.checking.pbft.subject import configured
from bft.checking.protocols import bug
from bft.checking.setting import Setting
from bft.checking.subjects import pbft
from bft.checking.world import World
from bft.core.signatures import SymbolicKeyring
from bft.protocols.pbft import PbftConfig, PbftReplica, Rules
from bft.protocols.pbft.messages import Checkpoint, ViewChange
from bft.protocols.pbft.new_view import carry_over

PBFT = pbft()
CONFIG = PbftConfig(system=Setting().system(), checkpoint_interval=2, window=4)


@pytest.mark.parametrize("name", ["views", "knowledge", "healed"])
def test_sharing_a_judge_changes_no_run(name):
    def alone(node, setting, keyring):
        config = PbftConfig(
            system=setting.replica_system(),
            checkpoint_interval=setting.checkpoint_interval,
            window=setting.window,
            retransmit_s=5.0 if setting.retransmit else None,
        )
        return PbftReplica(node, config, keyring)

    for index in range(25):
        made = generate(name, 31, index, PBFT, n=5)
        together, _ = run(PBFT, made.setting, made.operations, record=True)
        apart, _ = run(replace(PBFT, make_replica=alone), made.setting, made.operations, record=True)
        assert together.trace.hash == apart.trace.hash, index


def test_the_replicas_of_a_world_share_a_judge_and_those_of_two_worlds_do_not():
    first, second = World(PBFT, Setting()), World(PBFT, Setting())
    judges = {id(replica.verifier) for replica in first.replicas}
    assert len(judges) == 1
    assert judges != {id(replica.verifier) for replica in second.replicas}


def test_what_was_forged_is_judged_anew_and_what_was_good_stays_good():
    keyring = SymbolicKeyring()
    verifier = SharedVerifier(PbftReplica(0, CONFIG, keyring).verifier)
    message = ViewChange(1, 0, (), (), 2)
    assert not verifier.view_change(message)
    assert not verifier.knows(message)
    keyring.sign(message)
    assert verifier.view_change(message)
    assert verifier.knows(message)
    assert not verifier.knows(replace(message))


def test_a_checkpoint_proof_is_good_for_its_own_number_only():
    keyring = SymbolicKeyring()
    verifier = SharedVerifier(PbftReplica(0, CONFIG, keyring).verifier)
    proof = tuple(keyring.sign(Checkpoint(2, "s", node)) for node in range(3))
    assert verifier.checkpoint(2, proof)
    assert verifier.checkpoint(2, proof)
    assert not verifier.checkpoint(4, proof)
    assert not verifier.checkpoint(0, proof)
    assert verifier.checkpoint(0, ())
    assert not verifier.checkpoint(2, ())


def test_a_mutant_that_judges_in_its_own_way_keeps_its_judge():
    seeded = bug("pbft", "decisions of others believed unproved")
    world = World(seeded.subject(), Setting())
    assert not any(isinstance(replica.verifier, SharedVerifier) for replica in world.replicas)
    replica = PbftReplica(0, CONFIG, SymbolicKeyring())
    own = replica.verifier = SharedVerifier(replica.verifier)
    Judges().share(replica)
    assert replica.verifier is own


def test_what_follows_from_view_changes_is_worked_out_once_for_the_same_ones_and_anew_for_others():
    asked = []

    def counting(view_changes):
        asked.append(view_changes)
        return carry_over(view_changes)

    keyring = SymbolicKeyring()
    config = replace(CONFIG, rules=replace(CONFIG.rules, carry_over=counting))
    verifier = SharedVerifier(PbftReplica(0, config, keyring).verifier)
    proof = tuple(keyring.sign(Checkpoint(2, "s", node)) for node in range(3))
    empty = tuple(ViewChange(1, 0, (), (), node) for node in range(3))
    later = (ViewChange(1, 2, proof, (), 0), *empty[1:])
    for _ in range(3):
        assert verifier.carried(empty) == carry_over(empty)
        assert verifier.carried(later) == carry_over(later)
    assert len(asked) == 2


def test_view_changes_are_not_mistaken_for_others_that_are_gone():
    verifier = SharedVerifier(PbftReplica(0, CONFIG, SymbolicKeyring()).verifier)
    assert [verifier.carried((ViewChange(1, low, (), (), 0),)).min_seq for low in range(40)] == list(range(40))


def test_settings_share_a_configuration_only_where_they_say_the_same():
    rules = Rules()
    settings = [
        Setting(),
        Setting(checkpoint_interval=1, window=2),
        Setting(window=5),
        Setting(retransmit=False),
        Setting(n=7),
        Setting(quorum=4),
        Setting(stakes=(2, 1, 1, 1)),
    ]
    for setting in settings:
        made = configured(setting.replica_system(), setting, rules)
        assert made == configured(setting.replica_system(), replace(setting), rules)
        assert (made.system, made.checkpoint_interval) == (setting.replica_system(), setting.checkpoint_interval)
        assert (made.window, made.retransmit_s is not None) == (setting.window, setting.retransmit)
        assert made.rules == rules
    other = replace(rules, check_digest=False)
    assert configured(settings[0].system(), settings[0], other).rules is other
