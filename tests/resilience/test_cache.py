"""The cache policy: what is served, what is kept, what it is called."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.errors import ScenarioError
from bft.resilience.cache import Caching, DictCache, Entry, cache_key, caching, recalling
from bft.resilience.effects import call
from bft.resilience.exchange import Answer, Failure, FailureKind, Provenance, Query, Source
from bft.resilience.fallback import Step, descending

RULES = Caching(ttl_s=10.0, stale_s=100.0)


def entry(at_s: float, *, text: str = "yes", keep_s: float = 100.0) -> Entry:
    return Entry(text=text, model="m", stored_at_s=at_s, expires_at_s=at_s + keep_s)


def test_a_key_is_the_same_in_every_process_and_order() -> None:
    query = Query(model="m", prompt="p", parameters=(("temperature", 0.0), ("seed", 7)))
    same = Query(model="m", prompt="p", parameters=(("seed", 7), ("temperature", 0.0)))
    assert query == same
    assert cache_key(query) == cache_key(same)
    written_out = "('answer', 'm', (('seed', 7), ('temperature', 0.0)), 'p')"
    assert cache_key(query) == sha256(written_out.encode()).hexdigest()


QUERIES = st.builds(
    Query,
    model=st.text(max_size=3),
    prompt=st.text(max_size=3),
    parameters=st.dictionaries(
        st.text(max_size=2), st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=2)), max_size=2
    ).map(lambda found: tuple(found.items())),
)


@given(one=QUERIES, other=QUERIES)
def test_different_queries_have_different_keys(one: Query, other: Query) -> None:
    same_values = repr(one) == repr(other)  # True == 1 in Python, but not to a model
    assert (cache_key(one) == cache_key(other)) == same_values


def test_a_parameter_named_twice_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"query\.parameters = .*: must name each parameter once"):
        Query(model="m", prompt="p", parameters=(("seed", 1), ("seed", 2)))


def test_a_fresh_answer_is_served_and_marked(world: Callable[..., Any]) -> None:
    there = world([(1.0, Answer(text="yes", attempts=1))])
    handler = caching(RULES, DictCache(), descending([Step(name="primary", model="m", handler=call)]))
    assert there.ask(handler).provenance.first_class
    there.at(8.0)
    hit = there.ask(handler)
    assert hit == Answer(text="yes", attempts=0, provenance=Provenance(source=Source.CACHE, model="m", age_s=7.0))
    assert not hit.provenance.first_class
    assert len(there.called) == 1
    there.at(11.5)
    assert there.ask(handler).provenance.first_class, "too old: asked again"
    assert there.actions("cache") == ["miss", "stored", "hit", "miss", "stored"]


def test_only_first_class_answers_are_kept(world: Callable[..., Any]) -> None:
    there, cache = world([(0.0, Failure(kind=FailureKind.TIMEOUT)), (0.0, Answer(text="cheap"))]), DictCache()
    steps = [Step(name="primary", handler=call), Step(name="cheaper", handler=call)]
    assert there.ask(caching(RULES, cache, descending(steps))).text == "cheap"
    assert len(cache) == 0
    there.script = [(0.0, Failure(kind=FailureKind.TIMEOUT))]
    assert there.ask(caching(RULES, cache, descending(steps))).reason == "timeout"
    assert len(cache) == 0


def test_a_stale_answer_is_a_level_of_its_own(world: Callable[..., Any]) -> None:
    there, cache = world([(0.0, Answer(text="yes")), (0.0, Failure(kind=FailureKind.TIMEOUT))]), DictCache()
    steps = [Step(name="primary", model="m", handler=call), Step(name="cached", handler=recalling(RULES, cache))]
    handler = caching(RULES, cache, descending(steps))
    there.ask(handler)
    there.at(60.0)
    stale = there.ask(handler)
    assert stale.provenance == Provenance(
        source=Source.STALE_CACHE, level="cached", rank=1, model="m", age_s=60.0, reasons=("primary: timeout",)
    )
    there.at(100.5)
    assert there.ask(handler).kind is FailureKind.NOT_CACHED, "too old even for that"
    assert [action for action in there.actions("cache") if "stale" in action] == ["stale", "nothing stale"]


def test_without_a_time_to_live_answers_are_kept_for_bad_times_only(world: Callable[..., Any]) -> None:
    there, cache = world(), DictCache()
    handler = caching(Caching(ttl_s=0.0, stale_s=50.0), cache, descending([Step(name="primary", handler=call)]))
    there.ask(handler)
    there.ask(handler)
    assert len(there.called) == 2
    assert there.actions("cache") == ["stored", "stored"]


def test_an_answer_from_the_future_is_not_trusted(world: Callable[..., Any]) -> None:
    there, cache = world(), DictCache()
    cache.put(cache_key(there.query), entry(5.0))
    assert there.ask(caching(RULES, cache, call)).provenance.source is Source.MODEL


def test_a_cache_that_cannot_keep_does_not_fail_the_call(world: Callable[..., Any]) -> None:
    class Broken:
        blocking = True

        def get(self, key: str) -> Entry | None:
            return None

        def put(self, key: str, entry: Entry) -> bool:
            return False

    there = world()
    assert there.ask(caching(RULES, Broken(), descending([Step(name="primary", handler=call)]))).text == "yes"
    assert there.actions("cache") == ["miss", "not stored"]


def test_the_oldest_entries_make_room() -> None:
    cache = DictCache(capacity=3)
    for number in (0, 1, 2, 0, 3):
        cache.put(str(number), entry(float(number)))
    assert [cache.get(key) is not None for key in "0123"] == [True, False, True, True]


def test_expired_entries_make_room() -> None:
    cache = DictCache()
    for number in range(1000):
        cache.put(str(number), entry(number * 1.0, keep_s=10.0))
        assert len(cache) <= 11
    assert cache.get("999") is not None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ttl_s": -1.0}, r"caching\.ttl_s = -1\.0: must be 0 or more"),
        ({"ttl_s": 10.0, "stale_s": 5.0}, r"caching\.stale_s = 5\.0: must be at least caching\.ttl_s, 10\.0"),
        ({"ttl_s": 0.0, "stale_s": 0.0}, r"caching\.stale_s = 0\.0: must be positive"),
    ],
)
def test_a_cache_that_could_never_answer_is_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        Caching(**settings)
    with pytest.raises(ScenarioError, match=r"cache\.capacity = 0: must be a whole number, 1 or more"):
        DictCache(capacity=0)
