"""One experiment, described: frozen, validated, read from and written to TOML.

A scenario says what is run, never how often or with which seed. Everything that can be wrong with it is refused here,
before anything runs, in one sentence that names the field, the value and what is allowed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import Field, ValidationError, WrapValidator, model_validator

from bft.adversary.crash import CrashRecover
from bft.adversary.settings import Faults
from bft.adversary.silence import SilentPrimary
from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, bad_value
from bft.membership.settings import Membership
from bft.network.settings import Network, check_nodes
from bft.operations.settings import Machine
from bft.protocols.ballot import BallotConfig
from bft.protocols.pbft import PbftConfig, Rules
from bft.randomness import Randomness
from bft.resilience.settings import Service
from bft.settings import PositiveSeconds, Seconds, Settings
from bft.validators.panel import PanelModel
from bft.validators.rule_settings import QuorumRule, RuleSettings, check_rule, judged
from bft.validators.settings import PerfectValidators, ValidatorSettings

NAMED_TABLES = ("validators", "check", "errors")  # a bare name stands for the table of that kind
ROUNDS_OF_A_BALLOT = 2  # candidates, and votes on them


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
        client, so that runs of many requests need this.
    operations : {"questions", "account"}, optional
        What is asked: questions, as by default, whose answers are logged; or deposits, withdrawals and saves, which
        replicas carry out on replicated accounts once their validators agree.
    """

    count: Annotated[int, Field(ge=1)] = 1
    rate_per_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    clients: Annotated[int, Field(ge=1)] | None = None
    operations: Literal["questions", "account"] | None = None

    @model_validator(mode="after")
    def _has_rate(self) -> Requests:
        if self.count > 1 and self.rate_per_s is None:
            raise ScenarioError(bad_value("requests.count", self.count, "needs requests.rate_per_s"))
        if self.clients is not None and self.clients > self.count:
            raise ScenarioError(bad_value("requests.clients", self.clients, f"must be at most {self.count} requests"))
        return self


def _under(prefix: str) -> WrapValidator:
    """Let refusals of parts that do not know where they stand begin with where they do."""

    def check(value: Any, inner: Callable[[Any], Any]) -> Any:
        try:
            return inner(value)
        except ScenarioError as error:
            known = str(error).startswith(f"{prefix}.")
            raise ScenarioError(str(error) if known else f"{prefix}.{error}") from None

    return WrapValidator(check)


class Scenario(Settings):
    """A system of n LLM validators, its faults, its network and its requests.

    Attributes
    ----------
    n : int
        Number of nodes, each a replica with its validator.
    f, quorum, stakes : optional
        Tolerated faulty weight, quorum weight, and stake of each node; see `QuorumSystem.of`.
    protocol : {"pbft", "ballot"}
        How they agree: on proposals of a primary, view after view, or on their own answers, by one vote of all.
    rule : str, table or object, optional
        How a ballot is counted; by default an answer needs a quorum. See `bft.validators.rule_settings`.
    faults, validators, network, requests : settings
        Who is faulty, who answers and judges, how messages travel, what is asked.
    machine : settings, optional
        How nodes live, fail and are repaired; by default they do not fail by themselves.
    service : settings, optional
        The LLM service behind the validators, and the policies that it is asked with; by default validators answer
        without one.
    membership : settings, optional
        Which nodes are members at first, and how that changes; by default all are, for ever.
    views : int or "unlimited", optional
        How many views (rounds of voting) may be used. By default n for one request, so that every node leads once,
        and no limit for more.
    view_timeout_s, timeout_growth, timeout_cap_s : float
        How long a view may take, and how the time grows with each failed view; how long a ballot waits for votes.
    retransmission : bool
        Whether waiting replicas ask for what they lack.
    retransmit_s : float
        After how many seconds they ask first; then after twice as many, and so on.
    checkpoint_interval, window : int
        PBFT's K and L, in requests.
    horizon_s : float, optional
        When the run ends at the latest; by default late enough for all views.
    """

    n: Annotated[int, Field(ge=1)] = 4
    f: Annotated[int, Field(ge=0)] | None = None
    quorum: Annotated[int, Field(ge=1)] | None = None
    stakes: tuple[Annotated[float, Field(gt=0, allow_inf_nan=False)], ...] | None = None
    protocol: Literal["pbft", "ballot"] = "pbft"
    rule: RuleSettings | None = None
    faults: Faults = Faults()
    validators: ValidatorSettings = PerfectValidators()
    network: Network = Network()
    requests: Requests = Requests()
    machine: Annotated[Machine | None, _under("machine")] = None
    service: Annotated[Service | None, _under("service")] = None
    membership: Membership | None = None
    views: Annotated[int, Field(ge=1)] | Literal["unlimited"] | None = None
    view_timeout_s: PositiveSeconds = 10.0
    timeout_growth: Annotated[float, Field(ge=1, le=10)] = 2.0
    timeout_cap_s: PositiveSeconds = 600.0
    retransmission: bool = True
    retransmit_s: PositiveSeconds = 5.0
    checkpoint_interval: Annotated[int, Field(ge=1)] = 16
    window: Annotated[int, Field(ge=2)] = 64
    horizon_s: Seconds | None = None

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise ScenarioError(explain(error, given)) from None

    @model_validator(mode="after")
    def _consistent(self) -> Scenario:
        system = self.system
        check_nodes("faults.nodes", self.faults.nodes, self.n)
        if isinstance(self.faults.delta, tuple) and len(self.faults.delta) != self.n:
            raise ScenarioError(
                bad_value("faults.delta", self.faults.delta, f"must have one value for each of the n = {self.n} nodes")
            )
        self.network.check(self.n)
        self.pbft_config(system)
        self.validators.model(self.n)
        self._check_protocol()
        self._operations_fit()
        return self

    def _check_protocol(self) -> None:
        """Refuse what the protocol has no place for."""
        if self.protocol == "pbft":
            if self.rule is not None:
                raise ScenarioError(bad_value("rule", self.rule.kind, 'needs protocol = "ballot"'))
            return
        for name in ("machine", "service", "membership"):
            if getattr(self, name) is not None:
                raise ScenarioError(bad_value(name, "given", 'needs protocol = "pbft"'))
        if self.requests.count != 1:
            raise ScenarioError(bad_value("requests.count", self.requests.count, "must be 1: a ballot orders nothing"))
        if self.views is not None:
            raise ScenarioError(bad_value("views", self.views, "must be left out: a ballot has no views"))
        if any(isinstance(behaviour, SilentPrimary) for behaviour in self.faults.behaviour):
            raise ScenarioError(bad_value("faults.behaviour", "silent_primary", "a ballot has no primary"))
        check_rule(self.rule, self.validators, self.stakes)

    def _operations_fit(self) -> None:
        """Refuse machines and services that do not fit the nodes."""
        if self.machine is not None and self.machine.nodes_on_host > self.n:
            allowed = f"must be at most n = {self.n}"
            raise ScenarioError(bad_value("machine.nodes_on_host", self.machine.nodes_on_host, allowed))
        if self.membership is not None:
            self._membership_fits(self.membership)
        for behaviour in self.faults.behaviour:
            if isinstance(behaviour, CrashRecover) and self.machine is not None and self.machine.up is not None:
                allowed = "must be left out with machine.up, which says who comes back when"
                raise ScenarioError(bad_value("faults.behaviour", "crash_recover", allowed))
        if self.service is not None:
            self.service.check_nodes(self.n)
            if getattr(self.validators, "latency", None) is not None:
                allowed = "must be left out with a service, whose endpoints say how long calls take"
                raise ScenarioError(bad_value("validators.latency", "given", allowed))

    def _membership_fits(self, membership: Membership) -> None:
        """Refuse members and changes that do not fit the nodes."""
        if membership.members > self.n:
            raise ScenarioError(bad_value("membership.members", membership.members, f"must be at most n = {self.n}"))
        for change in membership.changes:
            check_nodes("membership.changes.remove", (change.remove or 0,), self.n)
            check_nodes("membership.changes.add", (change.add or 0,), self.n)
        for name in ("f", "quorum", "stakes"):
            if getattr(self, name) is not None:
                allowed = "must be left out: every membership has the quorums of its own size"
                raise ScenarioError(bad_value(name, getattr(self, name), allowed))

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
            return self.n if self.requests.count == 1 else None
        return self.views

    def pbft_config(self, system: QuorumSystem | None = None, rules: Rules | None = None) -> PbftConfig:
        """Return what each PBFT replica is told; `rules` replaces the protocol's, to plant a bug."""
        return PbftConfig(
            system=system or self.system,
            view_timeout_s=self.view_timeout_s,
            timeout_growth=self.timeout_growth,
            timeout_cap_s=self.timeout_cap_s,
            views=self.view_limit,
            retransmit_s=self.retransmit_s if self.retransmission else None,
            checkpoint_interval=self.checkpoint_interval,
            window=self.window,
            rules=rules or Rules(),
        )

    def ballot_config(self, panel: PanelModel, randomness: Randomness) -> BallotConfig:
        """Return what each replica of a ballot is told; what the rule learns of the panel, it learns here."""
        rule = (self.rule or QuorumRule()).rule(self.system, panel, randomness)
        return BallotConfig(
            system=self.system,
            rule=rule,
            deadline_s=self.view_timeout_s,
            retransmit_s=self.retransmit_s if self.retransmission else None,
            judged=judged(rule),
        )

    @property
    def end_s(self) -> float:
        """When the run ends at the latest, in seconds."""
        if self.horizon_s is not None:
            return self.horizon_s
        if self.protocol == "ballot":
            return 2.0 * ROUNDS_OF_A_BALLOT * self.view_timeout_s
        config = self.pbft_config()
        views = sum(config.timeout_s(failures) for failures in range(min(self.view_limit or self.n, 1000)))
        arrivals = 0.0 if self.requests.rate_per_s is None else self.requests.count / self.requests.rate_per_s
        return 2.0 * (arrivals + views)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Scenario:
        """Return the scenario that nested tables describe."""
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
        tables: dict[str, Any] = _plain(self.model_dump(mode="json", exclude_none=True))
        return tables

    def to_toml(self) -> str:
        """Return the scenario file of this scenario."""
        return tomli_w.dumps(self.to_dict())

    def replace(self, path: str, value: object) -> Scenario:
        """Return a scenario that differs in the value at a dotted path, such as "faults.delta".

        Raises
        ------
        ScenarioError
            If there is no such field or it cannot have this value.
        """
        return self.replace_all({path: value})

    def replace_all(self, values: Mapping[str, object]) -> Scenario:
        """Return a scenario that differs in the values at several dotted paths, checked together."""
        tree = {name: getattr(self, name) for name in self.model_fields_set}
        for path, value in values.items():
            set_path(tree, path, value)
        return Scenario(**tree)


def read_toml(path: str | Path) -> dict[str, Any]:
    """Return the tables of a TOML file; raise ScenarioError if there are none."""
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: is not TOML: {error}") from None


def set_path(tree: dict[str, Any], path: str, value: object) -> None:
    """Set the value at a dotted path in nested tables, opening settings on the way."""
    *tables, last = path.split(".")
    for name in tables:
        inner = tree.get(name)
        if isinstance(inner, Settings):
            inner = {key: getattr(inner, key) for key in _given(inner)}
        if is_dataclass(inner) and not isinstance(inner, type):
            inner = {each.name: getattr(inner, each.name) for each in fields(inner)}
        if isinstance(inner, str) and name in NAMED_TABLES:
            inner = {"kind": inner}
        if inner is not None and not isinstance(inner, Mapping):
            raise ScenarioError(bad_value(path, value, f"{name} is not a table"))
        tree[name] = dict(inner or {})
        tree = tree[name]
    tree[last] = value


def _given(settings: Settings) -> list[str]:
    """Return the fields that were given, with the tag that says which kind of settings they are."""
    tags = [tag for tag in ("kind", "law") if tag in type(settings).model_fields]
    return sorted({*settings.model_fields_set, *tags})


def explain(error: ValidationError, given: Mapping[str, Any]) -> str:
    """Say in one sentence what is wrong with a description."""
    problem = max(error.errors(), key=lambda each: (each["type"] == "value_error", len(each["loc"])))
    path, value = _locate(problem["loc"], given)
    kind, context = problem["type"], problem.get("ctx", {})
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"{path} = {value!r}: unknown key"
    if kind == "missing":
        return f"{path}: is needed and was not given"
    allowed = _ALLOWED.get(kind)
    if allowed is not None:
        return bad_value(path, value, allowed.format(**context))
    message = problem["msg"].removeprefix("Value error, ")
    return bad_value(path, value, message[0].lower() + message[1:])


_ALLOWED = {
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "finite_number": "must be a finite number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be a text",
    "tuple_type": "must be a list",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "dataclass_type": "must be a table",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "union_tag_invalid": "must have {discriminator} among {expected_tags}",
    "union_tag_not_found": "must say its {discriminator}",
}


def _locate(location: Sequence[int | str], given: Any) -> tuple[str, object]:
    """Return the path of a problem as its author wrote it, without the tags of alternatives, and the value there."""
    path: list[str] = []
    value: Any = given
    for step in location:
        if isinstance(value, Settings):
            value = {name: getattr(value, name) for name in type(value).model_fields}
        children = dict(enumerate(value)) if isinstance(value, list | tuple) else value
        if isinstance(children, Mapping) and step in children:
            path.append(str(step))
            value = children[step]
        elif isinstance(children, Mapping) and step is location[-1]:
            return ".".join([*path, str(step)]), None
    return ".".join(path), value


def _plain(value: Any) -> Any:
    """Return tables and lists without None, for TOML."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
