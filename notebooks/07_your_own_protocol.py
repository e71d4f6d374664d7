# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Your own protocol
#
# A protocol is a class with one method, `step(now, input)`, that returns effects. It knows no clock, no network and no
# randomness, so the same class runs in the simulation, under adversarial schedules, and in the exhaustive explorer.
# Here is the simplest voting protocol there is: everyone echoes the primary's proposal and executes it when a quorum
# has echoed. It has no view change.

# %%
from dataclasses import dataclass

from bft.core.effects import Broadcast, Execute, RequestProposal
from bft.core.inputs import ClientRequest, Deliver, ProposalReady
from bft.core.request import Proposal
from bft.core.state_machine import AnswerLog


@dataclass(frozen=True)
class Propose:
    proposal: Proposal


@dataclass(frozen=True)
class Echo:
    proposal: Proposal
    replica: int


class EchoReplica:
    """Node 0 proposes, all echo once, a quorum of echoes decides."""

    def __init__(self, node, config, keyring):
        self.id, self.quorum = node, config.system.quorum
        self.echoed, self.voters, self.machine = False, {}, AnswerLog()

    def step(self, now, event):
        match event:
            case ClientRequest(request=request) if self.id == 0:
                return [RequestProposal(0, request)]
            case ProposalReady(request=request, answer=str(answer)):
                proposal = Proposal(request=request, answer=answer)
                return [Broadcast(Propose(proposal)), *self.echo(proposal)]
            case Deliver(sender=0, message=Propose(proposal=proposal)):
                return self.echo(proposal)
            case Deliver(sender=sender, message=Echo(proposal=proposal)):
                return self.count(proposal, sender)
        return []

    def echo(self, proposal):
        if self.echoed:
            return []
        self.echoed = True
        return [Broadcast(Echo(proposal, self.id)), *self.count(proposal, self.id)]

    def count(self, proposal, voter):
        voters = self.voters.setdefault(proposal.digest, set())
        voters.add(voter)
        if len(voters) != self.quorum:
            return []
        self.machine.apply(proposal)
        return [Execute(0, 1, proposal.digest, proposal, False, self.machine.digest())]


# %% [markdown]
# ## In the simulation
#
# `make_replica` replaces PBFT; scenario, network, validators, monitors and journal stay what they are.

# %%
# %matplotlib inline
import bft

run = bft.simulate(bft.Scenario(n=4), seed=7, make_replica=EchoReplica, journal=True)
run

# %%
bft.plotting.space_time_figure(run.journal.diagram("a protocol of fifty lines"))

# %% [markdown]
# Without a view change a dead primary stalls it, whatever n. PBFT, in the same scenario, elects another.

# %%
dead = bft.Scenario(n=7, faults={"nodes": [0], "behaviour": "crash"})
[bft.simulate(dead, 7, make_replica=EchoReplica).outcome.value, bft.simulate(dead, 7).outcome.value]

# %% [markdown]
# ## A value, and everything else follows
#
# `Protocol` says what the messages are for, which value each commits to, and how events are told. Then the protocol is
# named in scenarios: it sweeps over δ beside PBFT and twins attack it, without a line of `bft` being edited.

# %%
from bft.protocols.protocol import MessageKind, Protocol, Role

ECHO = Protocol(
    name="echo",
    replica=EchoReplica,
    configure=lambda setup: setup,
    end_s=lambda _: 60.0,
    messages=(
        MessageKind(Propose, Role.PROPOSAL, slot=lambda _: 1, value=lambda told: told.proposal),
        MessageKind(Echo, Role.VOTE, slot=lambda _: 1, value=lambda told: told.proposal),
    ),
)
sweep = bft.sweep(
    bft.Scenario(), over={"protocol": ["pbft", ECHO], "faults.delta": [0.0, 0.1, 0.2, 0.3]}, replications=200, seed=1
)
sweep

# %% [markdown]
# Its only leader costs it a factor 1 − δ. With 2q − n twins it splits, like every protocol.

# %%
twins = bft.Scenario(protocol=ECHO, faults={"nodes": [0, 1], "behaviour": "twins"})
bft.simulate(twins, 1).outcome.value

# %% [markdown]
# ## Exercise
#
# The protocol has no answer to a silent node 0. Give it one: a timer that is set at the request (`SetTimer`), a vote
# to go on to the next leader, and a leader for each round. Which schedule breaks your first attempt? The property test
# finds it, step by step.
