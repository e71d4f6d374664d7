"""`bft survey`: every member of a panel answers every question of a file; the answers become a table."""

from __future__ import annotations

import asyncio
import json
import math
import time
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bft.cli.column_words import columns_of
from bft.cli.output import complain, tell
from bft.cli.panel import needing_the_extra, panel_of
from bft.errors import ScenarioError, bad_value
from bft.experiments.tables import align
from bft.validators.panel_record import RecordedQuestion
from bft.validators.table_rows import ANSWERED, MISSING
from bft.validators.table_writing import check_writable, write_rows
from bft.validators.tables import load_answers

if TYPE_CHECKING:
    from bft.live.survey import Progress

DONE, NOTHING, INTERRUPTED = 0, 1, 130
_EVERY_S = 1.0


def survey_command(arguments: Namespace) -> int:
    """Ask, write the table, and print what it holds; return 1 if nobody ever answered, or money ran out."""
    with needing_the_extra():
        from bft.live.survey import asked_before, read_questions, spent_before, survey

        out = Path(arguments.out)
        check_writable(out)
        record = Path(arguments.record or out.with_suffix(".record.jsonl"))
        questions = read_questions(Path(arguments.questions), columns_of(arguments.columns))
        arguments.record, arguments.rule = str(record), None
        if (ceiling := arguments.max_cost) is not None:
            if not 0.0 <= ceiling < math.inf:
                raise ScenarioError(bad_value("max_cost", ceiling, "must be a number, 0 or more"))
            arguments.max_cost, arguments.max_total_cost = None, max(0.0, ceiling - spent_before(record))
        panel = panel_of(arguments, short_answers=True)
        panel.check()

        async def ask() -> Progress:
            async with panel:
                return await survey(
                    panel,
                    questions,
                    record,
                    judging=arguments.judge,
                    retry_failed=arguments.retry_failed,
                    at_once=arguments.at_once,
                    tell=_Told(quiet=arguments.quiet),
                )

        try:
            progress = asyncio.run(ask())
        except KeyboardInterrupt:
            kept = len(asked_before(questions, panel.settings.names, record))
            complain(f"interrupted: {kept} of {len(questions)} questions are in {record}; the same command goes on")
            return INTERRUPTED
        if panel.unrecorded is not None:
            raise ScenarioError(bad_value("record", str(record), f"cannot be written: {panel.unrecorded[1]}"))
        known = asked_before(questions, panel.settings.names, record)
        graded = [known[each.id] for each in questions if each.gold is not None and each.id in known]
        if graded:
            write_rows(out, [row for question in graded for row in question.answer_rows()])
            for warning in load_answers(out).warnings():
                complain(f"warning: {warning}")
        if (left := sum(each.gold is None for each in questions)) > 0:
            complain(f"warning: {left} questions have no right answer (gold): they are in {record}, not in the table")
        if panel.overspent:
            complain(_stopped(len(questions), known, panel.settings.names, record, spent_before(record)))
        result = _summary(list(known.values()), panel.settings.names)
        told = {"table": str(out) if graded else None, "record": str(record), **_spent(progress), "members": result}
        tell(json.dumps(told, indent=1) if arguments.json else _readable(told, result))
    return DONE if any(each["answered"] for each in result) and not panel.overspent else NOTHING


def _stopped(
    questions: int, known: Mapping[str, RecordedQuestion], names: Sequence[str], record: Path, spent: float
) -> str:
    """Say how far a survey came that its ceiling on spend has stopped."""
    seats = range(len(names))
    kept = sum(each.own_status(node) in (ANSWERED, MISSING) for each in known.values() for node in seats)
    return (
        f"the ceiling on spend is reached: {kept} of {questions * len(seats)} answers are in {record}, which cost "
        f"{spent:.6g}; the next call could cost more than is left, and with a higher ceiling the same "
        "command goes on"
    )


class _Told:
    """Says how far a survey has come, once a second at most."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._began_s = time.monotonic()
        self._last_s = -_EVERY_S

    def __call__(self, progress: Progress) -> None:
        now_s = time.monotonic() - self._began_s
        if self._quiet or (now_s < self._last_s + _EVERY_S and progress.done < progress.questions):
            return
        self._last_s = now_s
        new, left = progress.done - progress.before, progress.questions - progress.done
        words = [f"{progress.done} of {progress.questions} questions"]
        if progress.before:
            words.append(f"{progress.before} of them before")
        words += [f"{progress.calls} calls ({progress.failed} failed)", f"cost {_cost(progress)}"]
        if new and left:
            words.append(f"about {now_s / new * left:.0f} s left")
        complain(", ".join(words))


def _cost(progress: Progress) -> str:
    if not progress.unpriced:
        return f"{progress.cost:.6f}"
    return f"{progress.cost:.6f} and calls of unknown price" if progress.cost else "unknown"


def _spent(progress: Progress) -> dict[str, Any]:
    return {
        "questions": progress.questions,
        "asked_before": progress.before,
        "calls": progress.calls,
        "failed": progress.failed,
        "cost": None if progress.unpriced else progress.cost,
    }


def _summary(questions: Sequence[RecordedQuestion], names: Sequence[str]) -> list[dict[str, Any]]:
    """Count what each member answered, and what its calls of all sessions cost."""
    return [
        {
            "member": name,
            "asked": len(questions),
            "answered": sum(each.own_status(node) == ANSWERED for each in questions),
            "cost": round(sum(call.cost for each in questions for call in each.calls if call.node == node), 9),
        }
        for node, name in enumerate(names)
    ]


def _readable(told: dict[str, Any], members: Sequence[dict[str, Any]]) -> str:
    rows = [["member", "asked", "answered", "cost"]]
    rows += [
        [str(each[name]) for name in ("member", "asked", "answered")] + [f"{each['cost']:.6f}"] for each in members
    ]
    where = f"answers in {told['table']}" if told["table"] else "no table: no question has a right answer"
    return f"{told['questions']} questions; {where}\n\n{align(rows)}"
