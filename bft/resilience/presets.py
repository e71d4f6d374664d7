"""Presets: development, test and production, as the source documents describe them.

| preset      | attempts | fallback | cache, default | breaker | hedge, limits | steady state |
|-------------|----------|----------|----------------|---------|---------------|--------------|
| development | 3        |          |                |         |               |              |
| test        | 4        | yes      |                | yes     |               |              |
| production  | 5        | yes      | yes            | yes     | yes           | 99.9 %       |

The documents give ranges of attempts, 2–3, 3–5 and 5–7 (S4), and 3 to 5 (S3); these numbers lie in all of them. With
fallback, the levels after the first are the further models, then the first one again with a simpler prompt: the
self-healing agent. The monitoring and the alerts of production are left to the operations room.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bft.core.refusal import require
from bft.resilience.breaker import Breaker
from bft.resilience.cache import Caching
from bft.resilience.hedge import Hedge
from bft.resilience.limits import Bulkhead, RateLimit
from bft.resilience.pipeline import Level, Resilience
from bft.resilience.retry import Retry
from bft.resilience.steady_state import SteadyState

ABSTENTION = "unsure"
PRESETS = ("development", "test", "production")


def preset(name: str, *, models: Sequence[str], default_answer: str = ABSTENTION) -> Resilience:
    """Build a preset for models, the best first.

    Parameters
    ----------
    name : {"development", "test", "production"}
    models : sequence of str
        At least one, each once.
    default_answer : str
        What production says when nothing else can be said; an abstention, so that nobody takes it for an answer.
    """
    require(name in PRESETS, "preset", name, f"must be one of {PRESETS}")
    distinct = len(models) > 0 and len(set(models)) == len(models)
    require(distinct, "preset.models", list(models), "must name at least one model, each once")
    if name == "development":
        return _development(models[0])
    return _test(models) if name == "test" else _production(models, default_answer)


def _development(model: str) -> Resilience:
    """One model, a few attempts, no budget: what goes wrong is seen."""
    return Resilience(levels=(Level(name=model, model=model, retry=Retry(attempts=3, budget=None)),))


def _test(models: Sequence[str]) -> Resilience:
    """Retries, fallback and breaker."""
    return Resilience(levels=_levels(models, retry=Retry(attempts=4), breaker=Breaker()))


def _production(models: Sequence[str], default_answer: str) -> Resilience:
    """Everything, and the target of 99.9 % watched."""
    levels = _levels(
        models,
        retry=Retry(attempts=5),
        breaker=Breaker(),
        hedge=Hedge(delay_s=10.0),
        bulkhead=Bulkhead(slots=10, queue=20),
        rate_limit=RateLimit(rate_per_s=10.0, burst=10),
    )
    return Resilience(
        levels=levels, caching=Caching(), default_answer=default_answer, steady_state=SteadyState(target=0.999)
    )


def _levels(models: Sequence[str], **policies: Any) -> tuple[Level, ...]:
    levels = [Level(name=model, model=model, **policies) for model in models]
    levels.append(Level(name=f"{models[0]}, simplified", model=models[0], transform="simplify", **policies))
    return tuple(levels)
