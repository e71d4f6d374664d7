"""Who the replicas of a run are: every node for ever, or epochs of PBFT's members, behind one interface.

The rest of the simulation asks a `Membership` what differs: who makes the replicas and who watches them, how behaviours
meet messages, by which quorums faults and decisions are judged, and who is left in the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

from bft.adversary.epochs import InEpochs
from bft.adversary.node import Behaviour
from bft.checking.full_check import FullCheck
from bft.checking.membership.full_check import MembersCheck
from bft.core.quorum import QuorumSystem
from bft.core.replica import Replica
from bft.core.signatures import SymbolicKeyring
from bft.core.state_machine import StateMachine
from bft.errors import ScenarioError, bad_value
from bft.membership.replica import Members, last_members
from bft.membership.settings import MemberChange
from bft.membership.settings import Membership as Settings
from bft.protocols.registry import PROTOCOLS
from bft.protocols.replica_check import CheckedReplica
from bft.record.safety import Breach
from bft.scenario import Scenario
from bft.simulation.clients import Clients

MakeReplica = Callable[[int, Any, SymbolicKeyring], Replica]
"""Takes a node's number, the configuration of its protocol, and the keys."""

Application = Callable[[int], StateMachine]
"""Makes what a node replicates."""


class Check(Protocol):
    """Makes replicas that are watched, in one run."""

    def __call__(self, node: int, config: Any, keyring: SymbolicKeyring, /) -> Replica:
        """Return a node's replica."""

    @property
    def breaches(self) -> list[Breach]:
        """What did not hold, in order of time."""


class Membership:
    """Every node is a member from the beginning to the end.

    Parameters
    ----------
    scenario : Scenario
        What is run.
    make_replica : callable, optional
        In place of the protocol's own.

    Attributes
    ----------
    epochs : bool
        Whether one membership may follow another.
    changes : tuple of MemberChange
        What the operator asks for.
    system : QuorumSystem
        The quorums of the beginning.
    """

    epochs = False
    changes: tuple[MemberChange, ...] = ()

    def __init__(self, scenario: Scenario, make_replica: MakeReplica | None = None) -> None:
        self._protocol = scenario.protocol
        self._nodes = range(scenario.n)
        self._own: MakeReplica = scenario.protocol.replica if make_replica is None else make_replica
        self._has_accounts = scenario.requests.operations == "account"
        self.system = scenario.system
        self._enough = enough(self.system)

    def begin(self, clients: Clients) -> None:
        """Tell the clients who the members are, where that may change."""

    def maker(self, application: Application) -> MakeReplica:
        """Return what makes the replicas of a run."""
        protocol, made = self._protocol, self._own

        def with_machine(node: int, config: Any, keyring: SymbolicKeyring) -> Replica:
            return protocol.replica(node, config, keyring, application(node))

        def checked(node: int, config: Any, keyring: SymbolicKeyring) -> Replica:
            return CheckedReplica(made(node, config, keyring), protocol.name, len(self._nodes))

        own = made is protocol.replica
        if own and self._has_accounts:
            made = with_machine
        return made if own and protocol.name in PROTOCOLS else checked

    def watched(self, application: Application) -> Check:
        """Return the same, with every invariant of the protocol watched."""
        return FullCheck(self.maker(application), self._protocol, system=self.system)

    def met(self, behaviour: Behaviour) -> Behaviour:
        """Return a behaviour as it meets the messages of this scenario."""
        return behaviour

    def last(self, replicas: Sequence[Replica | None]) -> Sequence[int]:
        """Return who the members are in the end."""
        del replicas
        return self._nodes

    def enough(self, members: Sequence[int]) -> int | None:
        """Return how many of the last members make a decision, n − f; None where they weigh differently."""
        del members
        return self._enough


class PbftEpochs(Membership):
    """Epochs of PBFT's members: one instance of PBFT after the other (`bft.membership`)."""

    epochs = True

    def __init__(self, scenario: Scenario, settings: Settings) -> None:
        super().__init__(scenario)
        self._settings = settings
        self.changes = settings.changes
        self.system = QuorumSystem.of(settings.members)

    def begin(self, clients: Clients) -> None:
        """Tell the clients who the first members are."""
        clients.members_changed(range(self._settings.members), 0.0)

    def maker(self, application: Application) -> MakeReplica:
        """Return what makes the replicas of a run."""
        return self._members(application)

    def watched(self, application: Application) -> Check:
        """Return the same, with every invariant of epochs, and of PBFT within each, watched."""
        return MembersCheck(self._members(application))

    def met(self, behaviour: Behaviour) -> Behaviour:
        """Return a behaviour as it meets messages in the envelopes of epochs."""
        return InEpochs(behaviour)

    def last(self, replicas: Sequence[Replica | None]) -> Sequence[int]:
        """Return the members of the last epoch."""
        return last_members(replicas)

    def enough(self, members: Sequence[int]) -> int | None:
        """Return how many of the last members make a decision, n − f."""
        return enough(QuorumSystem.of(len(members)))

    def _members(self, application: Application) -> Members:
        first = self._settings.members
        return Members(
            members=tuple(self._nodes[:first]),
            spares=tuple(self._nodes[first:]),
            least=self._settings.least,
            machine=application,
        )


def membership_of(scenario: Scenario, make_replica: MakeReplica | None, keep: Literal["all", "summary"]) -> Membership:
    """Return who the replicas of a scenario are.

    Raises `ScenarioError` if membership changes, and replicas of one's own are given or traces are not kept whole.
    """
    if scenario.membership is None:
        return Membership(scenario, make_replica)
    if keep != "all":
        raise ScenarioError(bad_value("keep", keep, "must be 'all' where membership changes"))
    if make_replica is not None:
        allowed = "must be left out where membership changes: every epoch makes its own"
        raise ScenarioError(bad_value("make_replica", make_replica, allowed))
    return PbftEpochs(scenario, scenario.membership)


def enough(system: QuorumSystem) -> int | None:
    """Return how many nodes make a decision, n − f; None where they weigh differently."""
    return None if system.weighted else system.n - system.tolerated
