"""One judge for a world: it changes no run, believes nothing unproved, and leaves a replica with a judge of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bft.checking.counterexample import run
from bft.checking.generators import generate
from bft.checking.protocols import bug
from bft.checking.setting import Setting
from bft.checking.shared_verifier import Judges, SharedVerifier
from bft.checking.subjects import pbft
from bft.checking.world import World
from bft.core.signatures import SymbolicKeyring
from bft.protocols.pbft import PbftConfig, PbftReplica
from bft.protocols.pbft.messages import Checkpoint, ViewChange

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
