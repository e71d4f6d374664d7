"""Made-up tables of recorded answers, and the one statistical yardstick of this room."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from scipy.stats import binomtest

Row = dict[str, object]
WriteTable = Callable[[str, Sequence[Row]], Path]

# Three models, four questions; "slow" was never asked q4, and "quick" gave nothing parseable on q3.
MADE_UP: tuple[Row, ...] = (
    {"question_id": "q1", "gold": "18", "model": "big", "answer": "18"},
    {"question_id": "q1", "gold": "18", "model": "quick", "answer": "$18.00"},
    {"question_id": "q1", "gold": "18", "model": "slow", "answer": "20"},
    {"question_id": "q2", "gold": "1,000", "model": "big", "answer": "7"},
    {"question_id": "q2", "gold": "1,000", "model": "quick", "answer": "7.0"},
    {"question_id": "q2", "gold": "1,000", "model": "slow", "answer": "1000"},
    {"question_id": "q3", "gold": "b", "model": "big", "answer": "B"},
    {"question_id": "q3", "gold": "b", "model": "quick", "answer": None},
    {"question_id": "q3", "gold": "b", "model": "slow", "answer": "c"},
    {"question_id": "q4", "gold": "5", "model": "big", "answer": "6"},
    {"question_id": "q4", "gold": "5", "model": "quick", "answer": "5"},
)


@pytest.fixture
def made_up() -> list[Row]:
    return [dict(row) for row in MADE_UP]


@pytest.fixture
def write_table(tmp_path: Path) -> WriteTable:
    """Write rows as csv, jsonl or parquet, by the ending of the name."""

    def write(name: str, rows: Sequence[Row]) -> Path:
        file = tmp_path / name
        if file.suffix.lower() == ".csv":
            with file.open("w", encoding="utf-8", newline="") as lines:
                writer = csv.DictWriter(lines, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
        elif file.suffix == ".jsonl":
            file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        else:
            import pyarrow
            from pyarrow import parquet

            parquet.write_table(pyarrow.Table.from_pylist(list(rows)), file)
        return file

    return write


@pytest.fixture
def consistent() -> Callable[[int, int, float], bool]:
    """Whether `successes` of `trials` agree with a probability; a true one is doubted once in 10,000 calls."""

    def check(successes: int, trials: int, probability: float) -> bool:
        return bool(binomtest(int(successes), int(trials), probability).pvalue > 1e-4)

    return check
