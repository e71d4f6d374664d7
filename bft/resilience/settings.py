"""How a scenario describes its LLM service: endpoints, who runs them, which node asks which, and with what policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from bft.errors import ScenarioError, bad_value
from bft.resilience.breaker import Breaker
from bft.resilience.cache import Caching
from bft.resilience.chaos import Chaos
from bft.resilience.endpoints import Endpoint, Provider
from bft.resilience.hedge import Hedge
from bft.resilience.limits import Bulkhead, RateLimit
from bft.resilience.pipeline import Level, Pipeline, Resilience
from bft.resilience.presets import preset
from bft.resilience.retry import Retry
from bft.resilience.steady_state import SteadyState
from bft.settings import Settings

Off = Literal[False]

PER_LEVEL = ("retry", "breaker", "hedge", "bulkhead", "rate_limit", "chaos")
"""Policies that every level has by itself."""

PER_PIPELINE = ("caching", "default_answer", "steady_state")


def _named(tables: object) -> object:
    """Let the key of each table be its name."""
    if not isinstance(tables, Mapping):
        return tables
    return {key: {"name": key, **table} if isinstance(table, Mapping) else table for key, table in tables.items()}


def _unicode(text: str) -> str:
    """Refuse a text that no file can hold: among alternatives pydantic lets it pass."""
    if any("\ud800" <= each <= "\udfff" for each in text):
        raise ValueError("must be a text of Unicode characters")
    return text


class Service(Settings):
    """The LLM service that the nodes' validators are reached by.

    With it every proposal and every verdict is a call through the node's own pipeline of policies. A call that fails is
    silence: the primary proposes nothing, the backup does not prepare by itself.

    Attributes
    ----------
    endpoints : table of tables
        Models by name: workers, queue, rate limit, law of the time, errors, breakdowns, disturbances, provider.
    providers : table of tables
        Who runs endpoints, by name: random outages that all endpoints of one provider share.
    use : list of lists, optional
        Which endpoints a node asks, the best first: one list for all nodes or one for each. By default all of them,
        in their order.
    preset : {"bare", "development", "test", "production"}
        Policies to start from; "bare" makes one attempt, of any length, at the first endpoint. What is given below
        takes precedence, false takes a policy away.
    fallback : bool, optional
        Whether the endpoints after the first are asked when it fails; by default as the preset does.
    retry, breaker, hedge, bulkhead, rate_limit, chaos : table or false, optional
        Policies of every level.
    caching, default_answer, steady_state : optional
        Policies of the pipeline as a whole.
    shared_cache : bool
        One cache for all nodes instead of one for each: cheaper, and errors in common.
    votes : {"first_class", "answers"}
        What counts as a vote: only what the first endpoint said just now, in the words of the question; or every
        answer of a model or a cache. Other answers, and the default answer always, are abstentions.
    """

    _prefix: ClassVar[str] = "service."

    endpoints: Annotated[dict[str, Endpoint], BeforeValidator(_named)]
    providers: Annotated[dict[str, Provider], BeforeValidator(_named)] = Field(default_factory=dict)
    use: tuple[tuple[str, ...], ...] | None = None
    preset: Literal["bare", "development", "test", "production"] = "bare"
    fallback: bool | None = None
    retry: Retry | Off | None = None
    breaker: Breaker | Off | None = None
    hedge: Hedge | Off | None = None
    bulkhead: Bulkhead | Off | None = None
    rate_limit: RateLimit | Off | None = None
    chaos: Chaos | Off | None = None
    caching: Caching | Off | None = None
    default_answer: Annotated[str, AfterValidator(_unicode)] | Off | None = None
    steady_state: SteadyState | Off | None = None
    shared_cache: bool = False
    votes: Literal["first_class", "answers"] = "answers"

    @model_validator(mode="after")
    def _consistent(self) -> Service:
        if not self.endpoints:
            raise ScenarioError(bad_value("service.endpoints", {}, "must have at least one endpoint"))
        for what, tables in (("endpoints", self.endpoints), ("providers", self.providers)):
            for key, table in tables.items():
                if table.name != key:
                    raise ScenarioError(bad_value(f"service.{what}.{key}.name", table.name, f"must be {key!r}"))
        for name, endpoint in self.endpoints.items():
            if endpoint.provider and endpoint.provider not in self.providers:
                allowed = f"must be one of the providers: {', '.join(self.providers) or 'there are none'}"
                raise ScenarioError(bad_value(f"service.endpoints.{name}.provider", endpoint.provider, allowed))
        if self.use == ():
            raise ScenarioError(bad_value("service.use", self.use, "must have one list, or one for each node"))
        for levels in self.use or ():
            for name in levels:
                if name not in self.endpoints:
                    allowed = f"must be one of the endpoints: {', '.join(self.endpoints)}"
                    raise ScenarioError(bad_value("service.use", name, allowed))
            if not levels or len(set(levels)) != len(levels):
                raise ScenarioError(bad_value("service.use", levels, "must name at least one endpoint, each once"))
        for place in range(len(self.use or (None,))):
            self._check(self.resilience(place))
        return self

    def levels(self, node: int) -> tuple[str, ...]:
        """Return the endpoints that a node asks, the best first."""
        if self.use is None:
            return tuple(self.endpoints)
        return self.use[0] if len(self.use) == 1 else self.use[node]

    def resilience(self, node: int) -> Resilience:
        """Return the policies of a node's pipeline."""
        models = list(self.levels(node))
        if self.preset == "bare":
            base = Resilience(levels=tuple(Level(name=model, model=model, retry=None) for model in models))
        else:
            base = preset(self.preset, models=models)
            if self.preset == "development" and self.fallback:
                base = replace(base, levels=tuple(replace(base.levels[0], name=each, model=each) for each in models))
        falls_back = self.preset in ("test", "production") if self.fallback is None else self.fallback
        levels = base.levels if falls_back else base.levels[:1]
        of_levels = self._given(PER_LEVEL)
        changed: dict[str, Any] = {"levels": tuple(replace(each, **of_levels) for each in levels)}
        return replace(base, **changed, **self._given(PER_PIPELINE))

    def check_nodes(self, n: int) -> None:
        """Refuse a `use` that has neither one list nor one for each node."""
        if self.use is not None and len(self.use) not in (1, n):
            allowed = f"must have one list, or one for each of the n = {n} nodes"
            raise ScenarioError(bad_value("service.use", self.use, allowed))

    def _given(self, names: tuple[str, ...]) -> dict[str, Any]:
        """Return what replaces the preset's policies; None for those taken away."""
        values = {name: getattr(self, name) for name in names}
        return {name: None if value is False else value for name, value in values.items() if value is not None}

    def _check(self, rules: Resilience) -> None:
        """Refuse policies that cannot work together."""
        if self.shared_cache and rules.caching is None:
            raise ScenarioError(bad_value("service.shared_cache", True, "needs service.caching, or preset production"))
        Pipeline(rules)
