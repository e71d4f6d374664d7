"""The fields of a scenario, and what follows from them: quorums, settings of the protocols, the end of a run.

What must fit together is left to `consistency`, the sentence of a refusal to `refusals`, TOML to `tables`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import tomli_w
from pydantic import BeforeValidator, Field, ModelWrapValidatorHandler, PlainSerializer, PrivateAttr, model_validator

from bft.adversary.settings import Faults
from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, bad_value
from bft.limits import MOST_NODES, MOST_REQUESTS
from bft.membership.settings import Membership
from bft.network.settings import Network
from bft.operations.settings import Machine
from bft.protocols.protocol import Protocol, Setup
from bft.protocols.registry import protocol_of, spelling
from bft.randomness import Randomness
from bft.refusals import under
from bft.resilience.settings import Service
from bft.scenario.consistency import check_consistency
from bft.scenario.notebook_table import notebook_table
from bft.scenario.own_settings import own_settings
from bft.scenario.tables import plain, read_toml, set_path
from bft.settings import PositiveSeconds, Seconds, Settings
from bft.validators.panel import PanelModel
from bft.validators.rule_settings import RuleSettings
from bft.validators.settings import PerfectValidators, ValidatorSettings
from bft.voting import Quorum, Rule

if TYPE_CHECKING:
    ProtocolField = Protocol
else:  # given in any of its forms, held as the protocol itself
    ProtocolField = Annotated[Any, BeforeValidator(protocol_of), PlainSerializer(lambda value: written(value))]


class Requests(Settings):
    """The requests of clients, each a question of its own.

    Attributes
    ----------
    count : int
        How many; the first comes at time 0.
    rate_per_s : float, optional
        Poisson arrivals with this rate; needed when there is more than one.
    clients : int, optional
        How many clients ask in turn; by default each request has one of its own. Replicas keep a reply for every
        client, so that runs of many requests need this. A client sends its next request when the last one is answered
        (§4.1); what arrives meanwhile waits in its own queue, and latencies count from arrival.
    pipelined : bool
        Whether clients send what arrives at once instead. Replicas execute a client's requests in ascending order
        only: one that is ordered before an earlier one supersedes it, and the earlier one is never executed. The
        operator who changes members always waits.
    operations : {"questions", "account"}, optional
        What is asked: questions, as by default, whose answers are logged; or deposits, withdrawals and saves, which
        replicas carry out on replicated accounts once their validators agree.
    """

    _prefix: ClassVar[str] = "requests."
    _written_if_set: ClassVar[frozenset[str]] = frozenset({"pipelined"})

    count: Annotated[int, Field(ge=1, le=MOST_REQUESTS)] = 1
    rate_per_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    clients: Annotated[int, Field(ge=1)] | None = None
    pipelined: bool = False
    operations: Literal["questions", "account"] | None = None

    @model_validator(mode="after")
    def _has_rate(self) -> Requests:
        if self.rate_per_s is not None and "count" not in self.model_fields_set:
            raise ScenarioError(bad_value("requests.rate_per_s", self.rate_per_s, "needs requests.count"))
        if self.count > 1 and self.rate_per_s is None:
            raise ScenarioError(bad_value("requests.count", self.count, "needs requests.rate_per_s"))
        if self.clients is not None and self.clients > self.count:
            raise ScenarioError(bad_value("requests.clients", self.clients, f"must be at most {self.count} requests"))
        if self.pipelined and self.clients is None:
            allowed = "needs requests.clients: a client with one request has nothing to wait for"
            raise ScenarioError(bad_value("requests.pipelined", True, allowed))
        return self

    @property
    def turns(self) -> int:
        """How many requests the busiest client asks one after the other, each after the answer to the last."""
        return 1 if self.clients is None or self.pipelined else -(-self.count // self.clients)


class Scenario(Settings):
    """A system of n LLM validators, its faults, its network and its requests.

    Attributes
    ----------
    n : int
        Number of nodes, each a replica with its validator.
    f : int, optional
        How many faulty nodes (how much faulty stake) the protocol is told to tolerate; by default ⌊(n − 1) / 3⌋.
    quorum : int, optional
        How many nodes (how much stake) make a quorum; by default ⌈(n + f + 1) / 2⌉. A smaller one may be unsafe.
    stakes : tuple of float, optional
        Stake of each node; by default all weigh 1.
    protocol : str or Protocol
        How they agree: the name of a protocol (`bft.protocols.registry`), "package.module:NAME", or a
        `bft.protocols.protocol.Protocol`; by default PBFT. Its own settings stand in a table of its name.
    rule : str, table or object, optional
        How a ballot is counted; by default an answer needs a quorum. See `bft.validators.rule_settings`.
    faults : settings
        Who is faulty, and what they do.
    validators : settings
        Who answers and judges.
    network : settings
        How messages travel.
    requests : settings
        What clients ask, how often, and how many of them there are.
    machine : settings, optional
        How nodes live, fail and are repaired; by default they do not fail by themselves.
    service : settings, optional
        The LLM service behind the validators, and the policies that it is asked with; by default validators answer
        without one.
    membership : settings, optional
        Which nodes are PBFT's members at first, and how that changes from epoch to epoch; by default all are, for ever.
    views : int or "unlimited", optional
        How many views (rounds of voting) may be used. By default n for one request, so that every node leads once,
        and no limit for more.
    retransmission : bool
        Whether waiting replicas ask for what they lack.
    retransmit_s : float
        After how many seconds they ask first; then after twice as many, and so on, up to 8 times as many.
    horizon_s : float, optional
        When the run ends at the latest; by default late enough for all views.
    """

    n: Annotated[int, Field(ge=1, le=MOST_NODES)] = 4
    f: Annotated[int, Field(ge=0)] | None = None
    quorum: Annotated[int, Field(ge=1)] | None = None
    stakes: tuple[Annotated[float, Field(gt=0, allow_inf_nan=False)], ...] | None = None
    protocol: ProtocolField = protocol_of("pbft")
    rule: RuleSettings | None = None
    faults: Faults = Faults()
    validators: ValidatorSettings = PerfectValidators()
    network: Network = Network()
    requests: Requests = Requests()
    machine: Annotated[Machine | None, under("machine")] = None
    service: Annotated[Service | None, under("service")] = None
    membership: Membership | None = None
    views: Annotated[int, Field(ge=1)] | Literal["unlimited"] | None = None
    retransmission: bool = True
    retransmit_s: PositiveSeconds = 5.0
    horizon_s: Seconds | None = None

    _own: Settings | None = PrivateAttr(default=None)

    @model_validator(mode="wrap")
    @classmethod
    def _whole(cls, given: Any, make: ModelWrapValidatorHandler[Scenario]) -> Scenario:
        """Take the table of the protocol's own settings apart from the rest, and see whether all fits together."""
        if not isinstance(given, Mapping):
            return make(given)
        protocol = protocol_of(given.get("protocol", "pbft"))
        own, others = own_settings(protocol, given, cls.model_fields)
        scenario = make(others)
        scenario._own = own
        check_consistency(scenario)
        return scenario

    @property
    def own(self) -> Any:
        """The protocol's own settings; None if it has none."""
        return self._own

    @cached_property
    def system(self) -> QuorumSystem:
        """Weights, tolerated faults and quorum."""
        return QuorumSystem.of(self.n, f=self.f, quorum=self.quorum, stakes=self.stakes)

    @property
    def view_limit(self) -> int | None:
        """Number of views that may be used; None for no limit."""
        if self.views == "unlimited":
            return None
        if self.views is None:
            return self.protocol.views(self.system, self.own) if self.requests.count == 1 else None
        return self.views

    def setup(
        self,
        system: QuorumSystem | None = None,
        *,
        rules: object | None = None,
        panel: PanelModel | None = None,
        randomness: Randomness | None = None,
    ) -> Setup:
        """Return what the protocol is told.

        Parameters
        ----------
        system : QuorumSystem, optional
            In place of the scenario's.
        rules : object, optional
            In place of the protocol's own rules, to plant a bug.
        panel, randomness : optional
            What a voting rule may learn from; without them it is taken for that of a quorum.
        """
        told = self.system if system is None else system

        def voting_rule() -> Rule:
            if panel is None or randomness is None or self.rule is None:
                return Quorum(system=told)
            return self.rule.rule(told, panel, randomness)

        requests = self.requests
        arrivals_s = 0.0 if requests.rate_per_s is None else requests.count / requests.rate_per_s
        return Setup(
            system=told,
            voting_rule=voting_rule,
            settings=self.own,
            views=self.view_limit,
            requests=requests.count,
            last_arrival_s=max(arrivals_s, (requests.turns - 1) * self.protocol.turn_s(self.own)),
            retransmit_s=self.retransmit_s if self.retransmission else None,
            rules=rules,
            panel=panel,
            randomness=randomness,
        )

    def configuration(self) -> Any:
        """Return what every replica is told, by the protocol; what a voting rule learns of a panel is not in it."""
        return self.protocol.configure(self.setup())

    @property
    def end_s(self) -> float:
        """When the run ends at the latest, in seconds."""
        return self.protocol.end_s(self.setup()) if self.horizon_s is None else self.horizon_s

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Scenario:
        """Return the scenario that nested tables describe."""
        if not isinstance(data, Mapping):
            raise ScenarioError(bad_value("scenario", data, "must be a table of fields"))
        return cls(**data)

    @classmethod
    def from_toml(cls, path: str | Path) -> Scenario:
        """Read a scenario file.

        Raises
        ------
        ScenarioError
            If the file cannot be read, is no TOML, or describes no scenario that can be run.
        """
        return cls.from_dict(read_toml(path))

    def to_dict(self) -> dict[str, Any]:
        """Return nested tables of all values, defaults included, in types that TOML and JSON know; None is left out."""
        tables: dict[str, Any] = self.model_dump(mode="json", exclude_none=True)
        if self._own is not None:
            tables[self.protocol.name] = self._own.model_dump(mode="json", exclude_none=True)
        return {name: plain(value) for name, value in tables.items()}

    def to_toml(self) -> str:
        """Return the scenario file of this scenario."""
        return tomli_w.dumps(self.to_dict())

    def _repr_html_(self) -> str:
        return notebook_table(self)

    def replace(self, path: str, value: object) -> Scenario:
        """Return a scenario that differs in the value at a dotted path, such as "faults.delta".

        Raises
        ------
        ScenarioError
            If there is no such field or it cannot have this value.
        """
        return self.replace_all({path: value})

    def replace_all(self, values: Mapping[str, object]) -> Scenario:
        """Return a scenario that differs in the values at several dotted paths, checked together.

        With the protocol go its own settings.
        """
        tree = {name: getattr(self, name) for name in self.model_fields_set}
        same = "protocol" not in values or protocol_of(values["protocol"]) is self.protocol
        if same and self.protocol.settings is not None and self._own != self.protocol.settings():
            tree[self.protocol.name] = self._own
        for path, value in values.items():
            set_path(tree, path, value)
        return Scenario(**tree)


def written(protocol: Protocol) -> str:
    """Return how a protocol stands in a file: so that it is found again, where it can be found."""
    return spelling(protocol) or f"{protocol.replica.__module__}:{protocol.name}"
