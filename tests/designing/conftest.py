"""Made-up tables in which it is known what a panel does."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from bft.validators.answers import Codes

WriteCodes = Callable[[Codes, Sequence[str]], Path]


@pytest.fixture
def write_codes(tmp_path: Path) -> WriteCodes:
    """Write codes as a table of answers: 0 is the right one, -1 none."""

    def write(codes: Codes, models: Sequence[str]) -> Path:
        file = tmp_path / "codes.csv"
        with file.open("w", newline="", encoding="utf-8") as lines:
            writer = csv.writer(lines)
            writer.writerow(["question_id", "gold", "model", "answer"])
            for question, row in enumerate(codes.tolist()):
                for model, code in zip(models, row, strict=True):
                    writer.writerow([question, "A0", model, "" if code < 0 else f"A{code}"])
        return file

    return write


def drawn_codes(
    questions: int, accuracy: Sequence[float], *, seed: int, hard: float = 0.0, missing: float = 0.0, options: int = 4
) -> Codes:
    """Draw answers of models that are independent but for hard questions, on which all of them err."""
    generator = np.random.default_rng(seed)
    shape = (questions, len(accuracy))
    right = generator.random(shape) < np.array(accuracy)
    right &= generator.random((questions, 1)) >= hard
    codes = np.where(right, 0, generator.integers(1, options + 1, shape))
    return np.where(generator.random(shape) < missing, -1, codes).astype(np.intp)
