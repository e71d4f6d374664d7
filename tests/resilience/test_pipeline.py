"""The composition: order, state, statistics, presets, and what is refused."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from bft.errors import ScenarioError
from bft.resilience.breaker import Breaker, State
from bft.resilience.cache import Caching, DictCache
from bft.resilience.chaos import HANGING, Chaos, Fault
from bft.resilience.exchange import Answer, Failure, FailureKind, Query, Source
from bft.resilience.hedge import Hedge
from bft.resilience.limits import Bulkhead, RateLimit
from bft.resilience.pipeline import Level, Pipeline, Resilience
from bft.resilience.presets import PRESETS, preset
from bft.resilience.retry import Budget, Retry
from bft.resilience.steady_state import Standing, SteadyState
from bft.resilience.tally import Tally
from bft.settings import Settings

YES = Answer(text="yes")
LOST = Failure(kind=FailureKind.CONNECTION)
FAST = Retry(attempt_timeout_s=5.0, deadline_s=20.0, budget=None)


def test_primary_then_cheaper_then_cached_then_default(world: Callable[..., Any]) -> None:
    """The chain of the source documents, each link failing in turn."""
    rules = Resilience(
        levels=(
            Level(name="primary", model="big", retry=Retry(attempts=2, budget=None)),
            Level(name="cheaper", model="small", retry=None),
        ),
        caching=Caching(ttl_s=1.0, stale_s=1000.0),
        default_answer="unsure",
    )
    there, pipeline, answers = world(), Pipeline(rules), []
    broken: set[str] = set()

    def endpoint(query: Query) -> Any:
        yield there.env.timeout(0.1)
        return LOST if query.model in broken else Answer(text=f"{query.model} says yes")

    there.endpoint = endpoint
    for model in ("none", "big", "small"):
        broken.add(model)
        answers.append(there.run(pipeline.ask("p")))
        there.at(there.env.now + 10.0)
    answers.append(there.run(pipeline.ask("never asked before")))

    first, cheaper, stale, default = answers
    assert first.provenance.first_class
    assert (cheaper.text, cheaper.provenance.level, cheaper.attempts) == ("small says yes", "cheaper", 3)
    assert (stale.text, stale.provenance.source) == ("big says yes", Source.STALE_CACHE)
    assert stale.provenance.reasons == ("primary: connection", "cheaper: connection")
    assert (default.text, default.provenance.source) == ("unsure", Source.DEFAULT)
    assert default.provenance.reasons[-1] == "cached: not cached"


def test_policies_stand_in_the_order_that_the_drawing_shows(world: Callable[..., Any]) -> None:
    """Seen from outside: what one call does to each policy tells what stands around what."""
    level = Level(
        name="primary",
        model="m",
        retry=replace(FAST, attempts=4, first_delay_s=0.1),
        breaker=Breaker(failures=2),
        bulkhead=Bulkhead(slots=1, queue=0),
        rate_limit=RateLimit(rate_per_s=0.001, burst=6, max_wait_s=0.0),
        chaos=Chaos(rate=1.0, faults=(Fault(failure=LOST),)),
    )
    there = world()
    there.uniform = lambda: 0.5
    pipeline = Pipeline(Resilience(levels=(level,)))
    there.run(pipeline.ask("p"))
    assert pipeline.injectors["primary"].fired == {"connection": 4}, "chaos is inside the retries"
    assert there.called == [], "and in front of the call"
    assert pipeline.breakers["primary"].state is State.CLOSED, "the breaker is around the retries: one call failed"
    there.run(pipeline.ask("p"))
    assert pipeline.injectors["primary"].fired == {"connection": 6}, "the rate limit is in front of the chaos"
    assert there.actions("limits") == ["refused"]
    assert pipeline.breakers["primary"].state is State.CLOSED, "an own refusal says nothing of the endpoint"
    assert pipeline.compartments["primary"].busy == 0

    by_attempts = replace(level, breaker=Breaker(failures=2, counts="attempts"))
    pipeline = Pipeline(Resilience(levels=(by_attempts,)))
    there.run(pipeline.ask("p"))
    assert pipeline.breakers["primary"].state is State.OPEN
    assert pipeline.injectors["primary"].fired == {"connection": 2}


def test_each_level_has_policies_of_its_own(world: Callable[..., Any]) -> None:
    breaker = Breaker(failures=1)
    levels = tuple(Level(name=name, model=name, retry=FAST, breaker=breaker) for name in ("a", "b"))
    there, pipeline = world([(0.0, Failure(kind=FailureKind.EMPTY)), (0.0, YES)]), Pipeline(Resilience(levels=levels))
    assert there.run(pipeline.ask("p")).provenance.level == "b"
    assert {name: breaker.state for name, breaker in pipeline.breakers.items()} == {"a": State.OPEN, "b": State.CLOSED}
    assert there.run(pipeline.ask("p")).provenance.reasons == ("a: breaker open",)


def test_the_self_healing_agent_asks_again_more_simply(world: Callable[..., Any]) -> None:
    levels = (
        Level(name="primary", model="m", retry=None),
        Level(name="simple", model="m", transform="simplify", retry=None),
    )
    there = world([(0.0, Failure(kind=FailureKind.EMPTY)), (0.0, YES)])
    answer = there.run(Pipeline(Resilience(levels=levels)).ask("a   b"))
    assert [query.prompt for _, query in there.called] == ["a   b", "a b"]
    assert answer.provenance.transformed


def test_own_transforms_can_be_named(world: Callable[..., Any]) -> None:
    rules = Resilience(levels=(Level(name="primary", model="m", transform="shout"),))
    there = world()
    there.run(Pipeline(rules, transforms={"shout": str.upper}).ask("p"))
    assert there.called[0][1].prompt == "P"
    with pytest.raises(ScenarioError, match=r"level\.transform = 'shout': must be one of \['simplify', 'unchanged'\]"):
        Pipeline(rules)


def test_the_tally_shows_the_rates_of_the_source_documents(world: Callable[..., Any]) -> None:
    rules = Resilience(
        levels=(Level(name="primary", model="big", retry=FAST), Level(name="cheaper", model="small", retry=FAST)),
        caching=Caching(),
        default_answer="unsure",
    )
    unavailable = Failure(kind=FailureKind.EMPTY)
    script = [(0.0, YES), (0.0, LOST), (0.0, unavailable), (0.0, YES), (0.0, unavailable), (0.0, unavailable)]
    there, tally, pipeline = world(script), Tally(), Pipeline(rules)
    assert tally.rates() == {}
    for prompt in ("a", "a", "b", "c"):
        there.run(pipeline.ask(prompt))
    for at_s, note in there.notes:
        tally(at_s, note)
    assert tally.calls == 4
    assert tally.sources == {"model": 2, "cache": 1, "default": 1}
    assert tally.rates() == {"success": 0.75, "error": 0.25, "cache_hit": 0.25, "fallback": 0.5, "retry": 0.25}
    assert tally.reasons("fallback", "failed", level="primary") == {"empty": 2}
    assert tally.reasons("retry", "retried") == {"connection": 1}
    assert tally.count("fallback", "failed") == 4
    assert tally.count("fallback", "failed", level="cheaper") == 1


def test_a_broken_steady_state_stops_the_chaos(world: Callable[..., Any]) -> None:
    level = Level(name="primary", model="m", retry=None, chaos=Chaos(rate=1.0, faults=(Fault(failure=LOST),)))
    rules = Resilience(levels=(level,), default_answer="unsure", steady_state=SteadyState())
    there, pipeline = world([(1.0, YES)]), Pipeline(rules)
    texts = [there.run(pipeline.ask("p")).text for _ in range(4)]
    assert texts == ["unsure", "unsure", "yes", "yes"], "a default answer is no success"
    assert pipeline.trial is not None
    finding = pipeline.trial.finding()
    assert (finding.standing, finding.aborted, finding.calls) == (Standing.BROKEN, True, 2)
    assert there.actions("pipeline").count("aborted") == 1


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_answers_under_faults_as_it_promises(world: Callable[..., Any], name: str) -> None:
    there = world()
    source = random.Random(4)
    there.uniform = source.random

    def endpoint(query: Query) -> Any:
        yield there.env.timeout(source.lognormvariate(0.0, 0.5))
        lost = source.random() < (0.3 if query.model == "big" else 0.1)
        return LOST if lost else YES

    there.endpoint = endpoint
    rules = preset(name, models=["big", "small"])
    pipeline = Pipeline(rules)
    results = [there.run(pipeline.ask(f"p{number}")) for number in range(300)]
    failed = sum(isinstance(result, Failure) for result in results)
    tally = Tally()
    for at_s, note in there.notes:
        tally(at_s, note)
    if name == "development":
        assert 0 < failed < 30, "0.3³ of the calls"
        assert tally.rates()["fallback"] == 0.0
    else:
        assert failed == 0
        assert tally.rates()["fallback"] > 0.0
    assert rules.levels[0].retry is not None
    assert rules.levels[0].retry.attempts == {"development": 3, "test": 4, "production": 5}[name]
    assert (rules.caching is not None, rules.default_answer is not None, rules.steady_state is not None) == (
        (name == "production",) * 3
    )
    assert [level.transform for level in rules.levels[1:]] == (
        [] if name == "development" else ["unchanged", "simplify"]
    )


def test_a_preset_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(ScenarioError, match=r"preset = 'prod': must be one of \('development', 'test', 'production'\)"):
        preset("prod", models=["m"])
    for models in ([], ["m", "m"]):
        with pytest.raises(ScenarioError, match=r"preset\.models = .*: must name at least one model, each once"):
            preset("test", models=models)


def level(**policies: Any) -> Level:
    return Level(**{"name": "primary", "model": "m", **policies})


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Retry(attempts=0), r"retry\.attempts = 0: must be a whole number, 1 or more"),
        (lambda: Retry(attempts=2.5), r"retry\.attempts = 2\.5: must be a whole number"),
        (lambda: Retry(attempts=True), r"retry\.attempts = True: must be a whole number"),
        (lambda: Retry(first_delay_s=0.0), r"retry\.first_delay_s = 0\.0: must be positive"),
        (lambda: Retry(first_delay_s="1"), r"retry\.first_delay_s = '1': must be positive"),
        (lambda: Retry(factor=0.5), r"retry\.factor = 0\.5: must be 1 or more"),
        (lambda: Retry(cap_s=0.5), r"retry\.cap_s = 0\.5: must be at least retry\.first_delay_s, 1\.0"),
        (lambda: Retry(attempt_timeout_s=0.0), r"retry\.attempt_timeout_s = 0\.0: must be positive"),
        (
            lambda: Retry(attempt_timeout_s=30.0, deadline_s=20.0),
            r"retry\.deadline_s = 20\.0: must be at least retry\.attempt_timeout_s, 30\.0",
        ),
        (lambda: Retry(deadline_s=math.nan), r"retry\.deadline_s = nan: must be positive"),
        (lambda: Budget(ratio=0.0), r"budget\.ratio = 0\.0: must be above 0"),
        (lambda: Budget(ratio=1.1), r"budget\.ratio = 1\.1: must be between 0 and 1"),
        (lambda: Budget(capacity=0.5), r"budget\.capacity = 0\.5: must be 1 or more"),
        (lambda: Breaker(failures=0), r"breaker\.failures = 0: must be a whole number"),
        (lambda: Breaker(open_s=math.inf), r"breaker\.open_s = inf: must be positive and finite"),
        (lambda: Breaker(probes=0), r"breaker\.probes = 0: must be a whole number, 1 or more"),
        (lambda: Breaker(successes=0), r"breaker\.successes = 0: must be a whole number, 1 or more"),
        (lambda: Breaker(probe_timeout_s=0.0), r"breaker\.probe_timeout_s = 0\.0: must be positive"),
        (lambda: Breaker(counts="requests"), r"breaker\.counts = 'requests': must be 'calls' or 'attempts'"),
        (
            lambda: level(retry=FAST, breaker=Breaker(probe_timeout_s=20.0)),
            r"breaker\.probe_timeout_s = 20\.0: must be above the longest time of what it counts, 20\.0 s",
        ),
        (
            lambda: level(retry=FAST, breaker=Breaker(probe_timeout_s=5.0, counts="attempts")),
            r"breaker\.probe_timeout_s = 5\.0: must be above the longest time of what it counts, 5\.0 s",
        ),
        (
            lambda: level(retry=None, breaker=Breaker()),
            r"breaker\.probe_timeout_s = 180\.0: must be above the longest time of what it counts, inf s",
        ),
        (lambda: Hedge(delay_s=0.0), r"hedge\.delay_s = 0\.0: must be positive"),
        (lambda: Hedge(delay_s=1.0, extra=0), r"hedge\.extra = 0: must be a whole number, 1 or more"),
        (
            lambda: level(retry=FAST, hedge=Hedge(delay_s=5.0)),
            r"hedge\.delay_s = 5\.0: must be below the time of an attempt, 5\.0 s, or no hedge is ever sent",
        ),
        (lambda: RateLimit(rate_per_s=0.0), r"rate_limit\.rate_per_s = 0\.0: must be positive"),
        (lambda: RateLimit(rate_per_s=1.0, burst=0), r"rate_limit\.burst = 0: must be a whole number, 1 or more"),
        (lambda: RateLimit(rate_per_s=1.0, max_wait_s=-1), r"rate_limit\.max_wait_s = -1: must be 0 or more"),
        (
            lambda: level(retry=FAST, rate_limit=RateLimit(rate_per_s=1.0, max_wait_s=5.0)),
            r"rate_limit\.max_wait_s = 5\.0: must be below the time of an attempt, 5\.0 s, or tokens go to calls",
        ),
        (lambda: Bulkhead(slots=0), r"bulkhead\.slots = 0: must be a whole number, 1 or more"),
        (lambda: Bulkhead(queue=-1), r"bulkhead\.queue = -1: must be a whole number, 0 or more"),
        (lambda: Chaos(rate=0.0), r"chaos\.rate = 0\.0: must be above 0"),
        (lambda: Chaos(rate=1.5), r"chaos\.rate = 1\.5: must be between 0 and 1"),
        (lambda: Chaos(rate=0.5, faults=()), r"chaos\.faults = \(\): must name at least one fault"),
        (lambda: Chaos(rate=0.5, start_s=9.0, end_s=9.0), r"chaos\.end_s = 9\.0: must be after chaos\.start_s, 9\.0"),
        (lambda: Fault(), r"fault\.latency_s = 0\.0: must be positive, for there is no failure either"),
        (lambda: Fault(latency_s=1.0, weight=0.0), r"fault\.weight = 0\.0: must be positive"),
        (
            lambda: level(retry=None, chaos=Chaos(rate=0.5, faults=(HANGING,))),
            r"retry\.attempt_timeout_s = inf: must be finite, for chaos lets calls hang",
        ),
        (lambda: level(name="cached"), r"level\.name = 'cached': must not be empty, 'cached' or 'default'"),
        (lambda: level(model=""), r"level\.model = '': must not be empty"),
        (lambda: Resilience(levels=()), r"resilience\.levels = \(\): must have at least one level"),
        (
            lambda: Resilience(levels=(level(), level())),
            r"resilience\.levels = \['primary', 'primary'\]: must have different names",
        ),
        (
            lambda: Pipeline(Resilience(levels=(level(),)), cache=DictCache()),
            r"resilience\.caching = None: must be given with a cache",
        ),
    ],
)
def test_a_policy_that_cannot_work_is_refused_by_name(build: Callable[[], object], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        build()


class Described(Settings):
    """As a scenario would hold it."""

    resilience: Resilience


@pytest.mark.parametrize("name", PRESETS)
def test_a_description_can_be_part_of_a_scenario(name: str) -> None:
    described = Described(resilience=preset(name, models=["big", "small"]))
    assert Described.model_validate_json(described.model_dump_json()) == described
    assert Described.model_validate(described.model_dump()) == described


def test_a_description_with_a_wrong_key_or_value_is_refused() -> None:
    def read(**retry: Any) -> Described:
        return Described.model_validate({"resilience": {"levels": [{"name": "a", "model": "m", "retry": retry}]}})

    assert read(attempts=4).resilience.levels[0].retry == Retry(attempts=4)
    with pytest.raises(ScenarioError, match=r"retry\.attempts = 0"):
        read(attempts=0)
    with pytest.raises(ValidationError, match=r"retry\.attempt\b"):
        read(attempt=3)
