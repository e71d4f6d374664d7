"""How a live panel is described, in Python, in TOML or on the command line: checked before anyone is asked.

Members are models with names, prices and perhaps models that stand in for them; the rest says how they decide. Which
library reaches a model is left to `members`, what a rule is to `rules`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, bad_value
from bft.limits import MOST_MEMBERS
from bft.live.caveats import caveats
from bft.live.comparing import CANONICAL, Compare, Embedding, Meaning, described
from bft.live.diversity import Diversity
from bft.live.roles import RolesSettings
from bft.live.rule_settings import Check, ConsensusRule, LiveRule, PbftRule, check_of, system_of
from bft.live.rules import rule_of
from bft.settings import PositiveSeconds, Seconds, Settings
from bft.shown_values import HIDDEN, LOOKS_SECRET
from bft.validators.rule_settings import JudgeRule

CALL_DEADLINE_S = 30.0

LOCAL = "local"
"""The model that `bft.live.local` serves on this machine."""

Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ModelSettings(Settings):
    """One chat model."""

    model: Annotated[str, Field(min_length=1)]
    """As `init_chat_model` knows it ("openai:gpt-4o-mini"), "fake:…" (`bft.live.fakes`), "local" (`bft.live.local`),
    or, with `base_url`, as the endpoint calls it."""

    base_url: str | None = None
    """Address of an endpoint that speaks OpenAI's chat completions."""

    api_key_env: str | None = None
    """Environment variable that holds the key; keys themselves have no place in a description."""

    options: dict[str, Any] = Field(default_factory=dict, repr=False)  # headers with keys, perhaps
    """Passed on to the model: temperature, max_tokens, …"""

    seeded: bool = False
    """Whether each call carries a `seed` that follows from seat and prompt, where no option gives one. One seed for all
    questions would draw the same number on each: a seat would always be the bold or the timid sample of its model."""

    price_in: Price | None = None
    """Price of a million tokens read."""

    price_out: Price | None = None
    """Price of a million tokens written."""

    max_concurrent: Annotated[int, Field(ge=1)] | None = None
    """Requests at a time to its endpoint, whoever sends them; of several members the smallest holds."""

    max_per_minute: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Requests a minute to its endpoint, evenly spread; of several members the smallest holds."""

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, LOOKS_SECRET.sub(HIDDEN, value) if isinstance(value, str) else value

    provider: Annotated[str, Field(min_length=1)] | None = None
    """Who runs it: what fails together. By default the host of its address, or the provider in its name."""

    @property
    def run_by(self) -> str:
        """Who runs it."""
        if self.provider is not None:
            return self.provider
        return (urlsplit(self.base_url).hostname or "") if self.base_url else self.model.partition(":")[0]

    @property
    def endpoint(self) -> str:
        """What its requests go to: an address, or a provider."""
        return self.base_url or self.model.partition(":")[0]

    @model_validator(mode="after")
    def _reachable(self) -> ModelSettings:
        if self.base_url is not None and not self.base_url.startswith(("http://", "https://")):
            raise ScenarioError(bad_value("base_url", self.base_url, "must begin with http:// or https://"))
        try:
            host = None if self.base_url is None else urlsplit(self.base_url).hostname
            port = None if self.base_url is None else urlsplit(self.base_url).port
        except ValueError as error:
            raise ScenarioError(bad_value("base_url", self.base_url, f"is no address: {error}")) from None
        del port
        if self.base_url is not None and not host:
            raise ScenarioError(bad_value("base_url", self.base_url, "names no host"))
        return self


class MemberSettings(ModelSettings):
    """One member of a panel: one node."""

    name: str | None = None
    """What results call it; by default its model, with a number where several have the same."""

    fallbacks: tuple[ModelSettings, ...] = ()
    """Who stands in, in this order, when the model does not answer. Such a vote says that it is one."""

    roles: RolesSettings = RolesSettings()
    """What it is told in each role, and in which form it replies; what is left open is as the panel says."""


class PanelSettings(Settings):
    """A live panel."""

    members: Annotated[tuple[MemberSettings, ...], Field(min_length=1, max_length=MOST_MEMBERS)]
    """One for each node."""

    rule: LiveRule = PbftRule()
    """By what rule they decide: "pbft", or a ballot as a scenario describes it; see `bft.live.rule_settings`."""

    check: Check | None = None
    """Whether a member judges the proposal, which is the default, or answers by itself and accepts what is the same.
    Ballots say so themselves."""

    roles: RolesSettings = RolesSettings()
    """What members are told in each role, and in which form they reply; see `bft.live.roles`."""

    compare: Compare = CANONICAL
    """When two answers of members are the same, where their own answers are compared; see `bft.live.comparing`."""

    reproducible: bool = False
    """Whether the number of a fence follows from question and seat instead of being drawn for each call, so that the
    same question is put in the same words: a model at temperature 0 repeats itself, and prompt caches know it again."""

    deadline_s: PositiveSeconds = 120.0
    """What is not decided by then is not decided."""

    call_deadline_s: PositiveSeconds | None = None
    """One call of one node, retries and fallbacks included, ends by then; by default 30 s. It never takes more than the
    deadline leaves: f members may propose and hang, and the next one's proposal is judged. See `call_s`."""

    attempts: Annotated[int, Field(ge=1)] = 2
    """Attempts of a call on each model, the first included; the models' own retries are off."""

    attempt_timeout_s: PositiveSeconds | None = None
    """An attempt is cancelled after so long; by default it may take its model's whole share of the call."""

    retry_pause_s: PositiveSeconds = 0.5
    """Ceiling of the pause before the second attempt; it doubles. An endpoint's Retry-After takes precedence."""

    breaker_failures: Annotated[int, Field(ge=0)] = 5
    """Failed calls in a row after which a model is left alone; 0: never."""

    breaker_open_s: PositiveSeconds = 30.0
    """For how long."""

    cache_ttl_s: Seconds = 0.0
    """For how long a member's reply to the same prompt is served from memory; 0: never."""

    max_cost: Price | None = None
    """What the calls of one question may cost, in the unit of the prices: what would exceed it is not sent. Calls under
    way count by estimate, by `max_tokens` where that is an option and else by 1,024 tokens written."""

    max_total_cost: Price | None = None
    """The same for all questions of a panel together."""

    grace_s: Seconds = 0.0
    """How long after the decision those may still speak who have been asked; 0: their calls are cancelled."""

    finish: bool | None = None
    """Whether calls that the decision no longer needs run on for the record, after the answer was returned. By default
    where there is a record: while the panel is open, and two seconds longer. true: closing the panel waits for them;
    false: they are cancelled, and recorded as cancelled. Without a record nothing runs on."""

    views: Annotated[int, Field(ge=1)] | None = None
    """Members that may propose, one after the other; by default all. Ballots have none."""

    f: Annotated[int, Field(ge=0)] | None = None
    """Faulty members tolerated, where the rule has a quorum; by default ⌊(n − 1) / 3⌋."""

    quorum: Annotated[int, Field(ge=1)] | None = None
    """Members that decide, where the rule has a quorum; by default ⌈(n + f + 1) / 2⌉. A smaller one may be unsafe."""

    min_providers: Annotated[int, Field(ge=1)] | None = None
    """Providers of which members must stand behind an answer; see `bft.live.diversity`."""

    min_models: Annotated[int, Field(ge=1)] | None = None
    """Models of which members must stand behind an answer; one of both may be asked for."""

    stakes: tuple[float, ...] | None = None
    """Stake of each member; by default all weigh the same."""

    @model_validator(mode="after")
    def _consistent(self) -> PanelSettings:
        check = check_of(self.rule, self.check)
        if isinstance(self.rule, ConsensusRule) and check == "judge" and self.compare != CANONICAL:
            told = "must be left out: members judge; check = 'same_answer', or a ballot, compares their answers"
            raise ScenarioError(bad_value("compare", described(self.compare), told))
        rule_of(self.rule, self.system(), self.diversity)
        timeout_s = self.attempt_timeout_s
        for member in self.members:
            share_s = self.share_s(member)
            if timeout_s is not None and timeout_s > share_s:
                allowed = f"must be at most {share_s:g}: the time of a call, shared among a member's models"
                raise ScenarioError(bad_value("attempt_timeout_s", timeout_s, allowed))
        self._check_prices()
        names = self.names
        for name in names:
            if names.count(name) > 1:
                raise ScenarioError(bad_value("members.name", name, "stands there twice; names must differ"))
        return self

    def _check_prices(self) -> None:
        """A ceiling needs to know what calls cost."""
        ceiling = "max_cost" if self.max_cost is not None else "max_total_cost"
        if getattr(self, ceiling) is None:
            return
        for model in (each for member in self.members for each in (member, *member.fallbacks)):
            if model.price_in is None or model.price_out is None:
                allowed = (
                    f"needs price_in and price_out of every model (0 where it costs nothing); {model.model!r} has none"
                )
                raise ScenarioError(bad_value(ceiling, getattr(self, ceiling), allowed))
        if isinstance(self.compare, Embedding | Meaning):
            allowed = f"does not know what compare.model = {self.compare.model!r} costs"
            raise ScenarioError(bad_value(ceiling, getattr(self, ceiling), allowed))

    def system(self) -> QuorumSystem:
        """Return weights, tolerated faults and quorum."""
        n = len(self.members)
        return system_of(self.rule, n, f=self.f, quorum=self.quorum, stakes=self.stakes, views=self.views)

    @property
    def diversity(self) -> Diversity | None:
        """How many providers or models must stand behind an answer; None: any.

        Raises `ScenarioError` if there are not so many, both are asked for, or a stand-in is of another than its
        member.
        """
        if self.min_providers is None and self.min_models is None:
            return None
        if self.min_providers is not None and self.min_models is not None:
            raise ScenarioError(bad_value("min_models", self.min_models, "must be left out beside min_providers"))
        providers = self.min_providers is not None
        name = "min_providers" if providers else "min_models"

        def group(model: ModelSettings) -> str:
            return model.run_by if providers else model.model

        for node, member in enumerate(self.members):
            for each in member.fallbacks:
                if group(each) != group(member):
                    allowed = f"cannot be promised: members.{node} may be stood in for by {group(each)!r}"
                    raise ScenarioError(bad_value(name, getattr(self, name), allowed))
        return Diversity(
            of="providers" if providers else "models",
            least=getattr(self, name),
            groups=tuple(group(member) for member in self.members),
        )

    @property
    def views_wanted(self) -> int:
        """Views for which there must be time: one more than faulty members may propose in; at most all there are."""
        if not isinstance(self.rule, ConsensusRule):
            return 1
        system = self.system()
        faulty = sum(1 for weight in itertools.accumulate(sorted(system.weights)) if weight <= system.tolerated)
        return min(self.views or system.n, faulty + 1)

    @property
    def call_s(self) -> float:
        """How long a call of one node may take.

        By default 30 s, and at most what lets two calls be made in each view that is wanted. One that is given is cut
        to what leaves time for the calls of the last view after all before have hung.
        """
        given, wanted = self.call_deadline_s, self.views_wanted
        if not isinstance(self.rule, ConsensusRule):
            calls = 2 if isinstance(self.rule, JudgeRule) else 1
        elif given is None:
            calls = 2 * wanted
        else:
            calls = wanted + 1 if wanted > 1 else 1
        return min(CALL_DEADLINE_S if given is None else given, self.deadline_s / calls)

    @property
    def local(self) -> bool:
        """Whether a member, or who stands in for one, is the local model."""
        return any(each.model == LOCAL for member in self.members for each in (member, *member.fallbacks))

    @property
    def caveats(self) -> tuple[str, ...]:
        """What the rule does not promise, as `bft.live.caveats` says."""
        return caveats(self.rule, self.system())

    def share_s(self, member: MemberSettings) -> float:
        """Return how long each of a member's models has for a call."""
        return self.call_s / (1 + len(member.fallbacks))

    @property
    def names(self) -> list[str]:
        """What results call the members."""
        models = [member.model for member in self.members]
        seen: dict[str, int] = {}
        names = []
        for member in self.members:
            number = seen[member.model] = seen.get(member.model, 0) + 1
            own = f"{member.model} #{number}" if models.count(member.model) > 1 else member.model
            names.append(member.name or own)
        return names


def panel_settings(**given: Any) -> PanelSettings:
    """Return the description of a panel; raises ScenarioError if a value is not allowed, or a key unknown."""
    return PanelSettings(**given)
