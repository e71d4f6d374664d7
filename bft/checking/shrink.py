"""Makes a counterexample short: leaves out what is not needed, and puts simple operations in the place of many.

Every list of operations is a schedule, so shrinking is search: try something smaller, keep it if the same invariant
is still the first to break. A long run of single deliveries, which none can be left out of without moving all
indices, is replaced by whole waves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from bft.checking import operations as ops
from bft.checking.counterexample import Counterexample, finding_of, run
from bft.checking.setting import Setting
from bft.errors import ScenarioError

Still = Callable[[Setting, tuple[ops.Operation, ...]], bool]
MOST_RUNS = 4000


class _EnoughError(Exception):
    """The budget of runs is used up."""


def shrink(
    example: Counterexample, *, oracle: tuple[str, ...] | None = None, most_runs: int = MOST_RUNS
) -> Counterexample:
    """Return a smaller counterexample to the same invariant.

    Parameters
    ----------
    example : Counterexample
        With a finding.
    oracle : tuple of str, optional
        Invariants that count; by default all, so that the same one must be the first to break.
    most_runs : int, optional
        Schedules to try at most.
    """
    if example.finding is None:
        return example
    subject = example.subject()
    wanted = example.finding.breach.invariant
    runs = 0

    def still(setting: Setting, operations: tuple[ops.Operation, ...]) -> bool:
        nonlocal runs
        runs += 1
        if runs > most_runs:
            raise _EnoughError
        found = finding_of(run(subject, setting, operations)[1], oracle)
        return found is not None and found.breach.invariant == wanted

    best = [example.setting, example.operations]

    def keep(setting: Setting, operations: tuple[ops.Operation, ...]) -> bool:
        if not still(setting, operations):
            return False
        best[0], best[1] = setting, operations
        return True

    with suppress(_EnoughError, KeyboardInterrupt):  # who grows impatient gets the shortest one so far
        _reduce(best, keep)
    setting, operations = best
    assert isinstance(setting, Setting)
    assert isinstance(operations, tuple)
    found = finding_of(run(subject, setting, operations)[1], oracle)
    return replace(example, setting=setting, operations=operations, finding=found)


def _reduce(best: list[object], keep: Still) -> None:
    """Go through all passes until none makes the schedule smaller."""
    while True:
        before = (best[0], best[1])
        for make in (_without_tail, _without_chunks, _waves, _simpler_settings, _simpler_operations):
            _pass(best, keep, make)
        if (best[0], best[1]) == before:
            return


def _pass(
    best: list[object], keep: Still, make: Callable[..., Iterator[tuple[Setting, tuple[ops.Operation, ...]]]]
) -> None:
    """Try the candidates of one pass; start the pass anew from each that is kept."""
    found = True
    while found:
        found = False
        for setting, operations in make(best[0], best[1]):
            if keep(setting, operations):
                found = True
                break


Candidates = Iterator[tuple[Setting, tuple[ops.Operation, ...]]]


def _without_tail(setting: Setting, operations: tuple[ops.Operation, ...]) -> Candidates:
    size = len(operations)
    cut = size // 2
    while cut >= 1:
        yield setting, operations[: size - cut]
        cut //= 2


def _without_chunks(setting: Setting, operations: tuple[ops.Operation, ...]) -> Candidates:
    size = len(operations) // 2
    while size >= 1:
        for start in range(0, len(operations), size):
            yield setting, operations[:start] + operations[start + size :]
        size //= 2


def _waves(setting: Setting, operations: tuple[ops.Operation, ...]) -> Candidates:
    """Put one wave, or one phase delivered to all, in the place of a stretch of operations."""
    everyone = ((1 << setting.instances) - 1,) * setting.instances
    size = len(operations) // 2
    while size >= 2:
        for start in range(0, len(operations) - size + 1, max(1, size // 2)):
            head, tail = operations[:start], operations[start + size :]
            for waves in (1, 2, 4) if size > 2 else (1,):
                yield setting, (*head, ops.Settle(waves), *tail)
            yield setting, (*head, ops.Exchange("", everyone, True), *tail)
        size //= 2


def _simpler_settings(setting: Setting, operations: tuple[ops.Operation, ...]) -> Candidates:
    changes: tuple[dict[str, Any], ...] = (
        {"twins": (), "byzantine": ()},
        {"twins": ()},
        {"corruptions": 0},
        {"prompt_validators": True},
        {"retransmit": True},
        {"stakes": None, "f": None, "quorum": None},
        {"f": None},
        {"quorum": None},
        {"clients": 1},
        *(
            {"byzantine": setting.byzantine[:place] + setting.byzantine[place + 1 :], "twins": ()}
            for place in range(len(setting.byzantine))
        ),
    )
    for change in changes:
        with suppress(ScenarioError):  # an f that only these stakes allow
            simpler = replace(setting, **change)
            if simpler != setting and (simpler.within_bounds or not setting.within_bounds):
                yield simpler, operations


def _simpler_operations(setting: Setting, operations: tuple[ops.Operation, ...]) -> Candidates:
    for place, operation in enumerate(operations):
        for simpler in _simpler(operation, setting):
            yield setting, (*operations[:place], simpler, *operations[place + 1 :])


def _simpler(operation: ops.Operation, setting: Setting) -> Iterator[ops.Operation]:
    """Return simpler operations of the same kind."""
    everyone = (1 << setting.instances) - 1
    match operation:
        case ops.Settle(waves=waves) if waves > 1:
            yield ops.Settle(1)
            yield ops.Settle(waves - 1)
        case ops.Ask(request=request, nodes=nodes) if nodes & ~everyone or request:
            yield ops.Ask(0, nodes & everyone)
            if nodes & ~everyone:
                yield ops.Ask(request, nodes & everyone)
        case ops.Exchange(kind=kind, senders=senders, keep=keep):
            full = (everyone,) * setting.instances
            if senders != full:
                yield ops.Exchange(kind, full, keep)
                for place, heard in enumerate(senders):
                    if heard not in (0, everyone):
                        yield ops.Exchange(kind, (*senders[:place], everyone, *senders[place + 1 :]), keep)
                        yield ops.Exchange(kind, (*senders[:place], 0, *senders[place + 1 :]), keep)
            if not keep:
                yield ops.Exchange(kind, senders, True)
        case ops.Forge(recipe=recipe, actor=actor, nodes=nodes, choices=choices):
            if actor:
                yield ops.Forge(recipe, 0, nodes, choices)
            if nodes & ~everyone:
                yield ops.Forge(recipe, actor, nodes & everyone, choices)
            if choices:
                yield ops.Forge(recipe, actor, nodes, choices[:-1])
            for place, number in enumerate(choices):
                for smaller in dict.fromkeys((0, number % 12, number // 2)):
                    if smaller < number:
                        yield ops.Forge(recipe, actor, nodes, (*choices[:place], smaller, *choices[place + 1 :]))
        case ops.Deliver(place=index) if index:
            yield ops.Deliver(0)
            if index > 20:
                yield ops.Deliver(index % 20)
        case _:
            return
