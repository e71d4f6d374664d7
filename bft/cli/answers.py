"""`bft answers import`: answers of models from the files of evaluation tools, as one table."""

from __future__ import annotations

import json
from argparse import Namespace
from collections import Counter
from pathlib import Path
from typing import Any

from bft.cli.column_words import columns_of
from bft.cli.output import complain, tell
from bft.experiments.tables import align
from bft.importing.tables import Imported, import_answers
from bft.validators.table_writing import check_writable
from bft.validators.tables import AnswerTable, load_answers


def import_command(arguments: Namespace) -> int:
    """Read, write the table, and print what it holds and what was dropped."""
    check_writable(Path(arguments.out))
    imported = import_answers(
        arguments.files,
        columns=columns_of(arguments.columns),
        models=arguments.model or (),
        chosen=arguments.filter,
        form=arguments.form,
        repeats=arguments.repeats,
    )
    imported.write(arguments.out)
    table = load_answers(arguments.out)
    warnings = (*table.warnings(), *_never(table))
    for warning in warnings:
        complain(f"warning: {warning}")
    told = _told(imported, table, arguments.out, warnings)
    tell(json.dumps(told, indent=1) if arguments.json else _readable(told))
    return 0


def _never(table: AnswerTable) -> list[str]:
    """Name the models that never answered, or were never right while others were: perhaps a column is a wrong one."""
    right, given = table.right(), table.answers >= 0
    silent = [model for place, model in enumerate(table.models) if not given[:, place].any()]
    wrong = [model for place, model in enumerate(table.models) if given[:, place].any() and not right[:, place].any()]
    told = [f"{', '.join(silent)}: no answer at all"] if silent else []
    return told + ([f"{', '.join(wrong)}: never right, while others are"] if wrong and right.any() else [])


def _told(imported: Imported, table: AnswerTable, out: str, warnings: tuple[str, ...]) -> dict[str, Any]:
    right, asked = table.right(), table.answers > -2
    return {
        "out": out,
        "questions": len(table.questions),
        "answers": len(imported.gathered.rows),
        "models": [
            {
                "model": model,
                "questions": int(asked[:, place].sum()),
                "accuracy": round(float(right[asked[:, place], place].mean()), 5),
                "missing": round(float((table.answers[asked[:, place], place] == -1).mean()), 5),
            }
            for place, model in enumerate(table.models)
        ],
        "files": [
            {
                "file": each.file,
                "form": each.form,
                "read": each.read,
                "kept": len(each.answers),
                "dropped": dict(each.dropped),
                **({"notes": each.notes} if each.notes else {}),
            }
            for each in imported.files
        ],
        "dropped": dict(imported.gathered.dropped),
        "notes": list(imported.gathered.notes),
        "warnings": list(warnings),
    }


def _readable(told: dict[str, Any]) -> str:
    lines = []
    for each in told["files"]:
        lines.append(f"{each['file']}: {each['form']}, {each['read']} rows read, {each['kept']} answers kept")
        lines += [f"  {number} dropped: {reason}" for reason, number in each["dropped"].items()]
        lines += [f"  {note}" for note in each.get("notes", ())]
    lines += [f"{number} dropped: {reason}" for reason, number in Counter(told["dropped"]).items()]
    lines += told["notes"]
    header = ["model", "questions", "accuracy", "missing"]
    body = [
        [each["model"], str(each["questions"]), f"{each['accuracy']:.4f}", f"{each['missing']:.4f}"]
        for each in told["models"]
    ]
    summary = f"{told['out']}: {told['answers']} answers of {len(body)} models to {told['questions']} questions"
    return "\n".join([*lines, "", align([header, *body]), "", summary])
