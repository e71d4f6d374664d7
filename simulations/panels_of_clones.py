"""How many wrong decisions will a panel of clones make: does the fit of half of the questions predict the other half?

A panel of n nodes that run one model is recorded as n samples of it. Tables of many samples of one model are rare, so
here they are made of recorded answers of many models: a question's samples are drawn from the answers that its models
gave, sharpened as a lower temperature does it (shares to the power of `--sharpness`, 1: as they are). So a question
keeps its own difficulty and its own wrong answers, which is what a model of errors has to get right.

Half of the questions is fitted and the other half predicted, in points, both ways: with τ from triples of equal wrong
answers, as for different models, and with τ from the quorums on wrong answers, as for samples of one model. Beside it
stands what the recorded samples of one half say of the other, with no model of errors at all (`forecast`).

Expected: triples predict too few wrong quorums where answers are free (up to two points of eighteen at n = 7), quorums
do not; both are as good where questions list their options. Right quorums are predicted alike.

Run time: about 10 s on one core for a table.

    python simulations/panels_of_clones.py
    python simulations/panels_of_clones.py --answers math_l5.parquet --sharpness 1 2 4
    python simulations/panels_of_clones.py --answers math_l5.parquet --models 2 (four samples of each of two)
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bft.calibration.designs import samples_of
from bft.calibration.fitting import fit
from bft.experiments.tables import align
from bft.validators.answers import MISSING
from bft.validators.settings import StatisticalValidators
from bft.validators.tables import AnswerTable, load_answers

SAMPLES = {1: 7, 2: 4}  # of each model, by the number of models
QUESTIONS = 2000  # at most, of the table
FEWEST_ANSWERS = 20  # to a question, from which samples are drawn
SHARPNESS = (1.0, 2.0, 4.0)
HALVINGS = 10
SEED = 1
PRESET = "mmlu_pro_mid10"  # of which a table is drawn where none is given
MODELS = 30


class Missed(NamedTuple):
    """How far wrong quorums of one size were predicted off, in points: mean over the halves."""

    sharpness: float
    n: int
    observed: float
    by_triples: float | None
    by_quorums: float


def main(
    answers: str | None = None,
    sharpness: Sequence[float] = SHARPNESS,
    models: int = 1,
    *,
    questions: int = QUESTIONS,
    halvings: int = HALVINGS,
) -> list[Missed]:
    """Draw the clones, fit them, print and return the misses."""
    source = made_up(questions) if answers is None else load_answers(answers)
    found = []
    for power in sharpness:
        clones = clones_of(source, power, questions, models)
        names = list(samples_of(clones.models))
        quorums = fit(clones, names, resamples=1, splits=halvings).numbers.fit
        triples = (
            quorums if models > 1 else fit(clones, names, agreement="triples", resamples=1, splits=halvings).numbers.fit
        )
        assert quorums is not None
        assert triples is not None
        for one, other in zip(triples.held_out.sizes, quorums.held_out.sizes, strict=True):
            missed = [100.0 * (each.wrong.predicted - each.wrong.observed) for each in (one, other)]
            by_triples = None if models > 1 else missed[0]
            found.append(Missed(power, one.n, 100.0 * one.wrong.observed, by_triples, missed[1]))
    header = ["sharpness", "n", "wrong quorums, %", "missed by triples", "missed by quorums"]
    rows = [
        [f"{each.sharpness:g}", str(each.n), f"{each.observed:.2f}", *(_points(x) for x in each[3:])] for each in found
    ]
    print(align([header, *rows]))
    return found


def _points(missed: float | None) -> str:
    return "" if missed is None else f"{missed:+.2f}"


def clones_of(source: AnswerTable, power: float, questions: int, models: int = 1) -> AnswerTable:
    """Return a table of samples, each model's drawn from the answers of its own share of the table's models."""
    generator = np.random.default_rng(SEED)
    asked = source.answers >= MISSING
    accuracy = source.right().sum(axis=0) / np.maximum(asked.sum(axis=0), 1)
    ranked = np.argsort(-accuracy, kind="stable")
    groups = [ranked[first::models] for first in range(models)]
    enough = np.all([asked[:, group].sum(axis=1) * models >= FEWEST_ANSWERS for group in groups], axis=0)
    if not enough.any():
        raise ValueError(f"{source.source}: all questions have fewer than {FEWEST_ANSWERS} answers to draw from")
    rows = generator.permutation(np.flatnonzero(enough))[:questions]
    count = SAMPLES[models]
    drawn = np.empty((len(rows), models * count), dtype=np.intp)
    for place, row in enumerate(rows.tolist()):
        for number, group in enumerate(groups):
            given = source.answers[row, group]
            answers, counts = np.unique(given[given >= MISSING], return_counts=True)
            chances = counts.astype(np.float64) ** power
            samples = generator.choice(answers, size=count, p=chances / chances.sum())
            drawn[place, number * count : (number + 1) * count] = samples
    return AnswerTable(
        source=f"clones of {source.source}",
        questions=tuple(source.questions[row] for row in rows),
        gold=tuple(source.gold[row] for row in rows),
        models=tuple(f"clone {name} #{at}" for name in "AB"[:models] for at in range(1, count + 1)),
        texts=source.texts,
        answers=drawn,
        category=None,
        n_options=None if source.n_options is None else tuple(source.n_options[row] for row in rows),
    )


def made_up(questions: int) -> AnswerTable:
    """Return a table of many models drawn from a preset."""
    model = StatisticalValidators(preset=PRESET).model(MODELS)
    answers = model.answers  # type: ignore[attr-defined]  # a composed model has them
    uniforms = np.random.default_rng(SEED).random((questions, answers.uniforms))
    codes = answers.prepare(uniforms)[0]
    return AnswerTable(
        source=PRESET,
        questions=tuple(map(str, range(questions))),
        gold=("0",) * questions,
        models=tuple(f"model {number}" for number in range(MODELS)),
        texts=tuple(map(str, range(int(codes.max()) + 1))),
        answers=codes,
        category=None,
        n_options=None,
    )


if __name__ == "__main__":
    parser = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--answers", metavar="FILE", help="table of recorded answers of many models")
    parser.add_argument("--sharpness", type=float, nargs="+", default=SHARPNESS)
    parser.add_argument("--models", type=int, choices=tuple(SAMPLES), default=1)
    arguments = parser.parse_args()
    main(arguments.answers, arguments.sharpness, arguments.models)
