"""Which fields of a scenario are set to something that a reader does not know, so that new ones are not overlooked.

Knowing a field is not honouring each of its values: that is left to the reader, a law or an engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from bft.settings import Settings
from bft.validators.check_settings import JudgeSettings, SameAnswerSettings
from bft.validators.error_settings import BetaBinomialErrorSettings, CorrelatedErrorSettings, IndependentErrorSettings
from bft.validators.rule_settings import JudgeRule, LogOddsRule, PluralityRule, QuorumRule, StakeRule
from bft.validators.settings import PerfectValidators, RecordedValidators, StatisticalValidators

Known: TypeAlias = Mapping[type[Settings], str]
"""The fields that are known of each kind of settings, with spaces between them."""

VALIDATORS: Known = {
    PerfectValidators: "kind",
    StatisticalValidators: "kind preset file accuracy options errors missing missing_correlation check latency clones "
    "confidence debate injection timeouts",
    RecordedValidators: "kind file models kept_for_learning compare drop_conflicts check latency confidence debate "
    "injection timeouts",
    SameAnswerSettings: "kind flip",
    JudgeSettings: "kind accept_given_right accept_given_wrong accept_given_right_own_right "
    "accept_given_right_own_wrong accept_given_wrong_own_right accept_given_wrong_own_wrong unsure flip redraw "
    "correlation",
    IndependentErrorSettings: "kind",
    BetaBinomialErrorSettings: "tau k_alpha kind correlation",
    CorrelatedErrorSettings: "tau k_alpha kind r flawed",
    QuorumRule: "kind",
    PluralityRule: "kind ties",
    StakeRule: "kind ties",
    LogOddsRule: "kind ties accuracy questions options",
    JudgeRule: "kind",
}
"""What the laws and the vectorised engine know of validators and of voting rules."""


def unknown_fields(
    settings: Settings, known: Known, opens: Callable[[type[Settings], str, Settings], bool], path: tuple[str, ...] = ()
) -> Iterator[tuple[str, Any]]:
    """Yield path and value of each field that is not known and not at its default.

    Parameters
    ----------
    settings : Settings
        What to go through.
    known : mapping of type to str
        The known fields; settings of a kind that is not in it are unknown as a whole, and told by their kind.
    opens : callable
        Whether to go through the settings that are the value of a known field: from the kind that has it, its name and
        its value. Others are left to the reader.
    path : tuple of str, optional
        Where the settings stand.
    """
    kind = type(settings)
    names = known.get(kind, "").split()
    for name, field in kind.model_fields.items():
        value, here = getattr(settings, name), (*path, name)
        if name not in names:
            if value != field.get_default(call_default_factory=True):
                yield ".".join(here), "given" if isinstance(value, Settings) else value
            continue
        for inner in value if isinstance(value, tuple) else (value,):
            if not isinstance(inner, Settings) or not opens(kind, name, inner):
                continue
            if type(inner) in known:
                yield from unknown_fields(inner, known, opens, here)
            else:
                tags = [tag for tag in ("kind", "law") if hasattr(inner, tag)]
                yield ".".join((*here, *tags)), getattr(inner, tags[0]) if tags else type(inner).__name__
