"""Does a panel that `bft design` recommends meet its target on questions that the design never saw, and is one found?

A table is halved many times. On one half a panel is designed for each target of wrong decisions; the other half counts
what that panel does there. Beside it stands how often the other half, looked at with hindsight, holds a panel that
meets the target by its own bound and is right on at least half of the questions; in how many of those halvings the
first half holds one too, with as much hindsight; and in how many one was recommended. At last the right answers of the
first half are shuffled: there nothing may be recommended.

Without `--answers` tables of known shapes are drawn: clones, weak models, few questions, a shared share of wrong
answers just above the target, answers that are missing, more models than can all be compared.

Expected: at most one recommendation in twenty misses its target. Where the best panels stand well below a target one
is found nearly always. Where they stand at what the number of questions can just show, one half is lucky and the other
is not: hindsight finds a panel on the one and none on the other, and no choice can find more than hindsight does.

Run time: about 3 s on one core for a halving of ten models and 1,300 questions.

    python simulations/held_out_designs.py
    python simulations/held_out_designs.py --answers gsm8k.parquet --halvings 50 --models gpt-4o,claude-3,llama-3
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from bft.designing.candidates import Search
from bft.designing.choice import CONFIDENCE, LEAST_CORRECT, Goal
from bft.designing.designer import Designer
from bft.designing.fault_cases import FaultModel
from bft.designing.honest_sets import MOST_MODELS, HonestSets
from bft.designing.panel import DesignedPanel
from bft.designing.pools import WELL_COVERED, Pool
from bft.designing.prices import Price
from bft.designing.recommendation import choices_of, recommended
from bft.designing.rules import log_odds
from bft.designing.trial import tried, upper
from bft.experiments.tables import align
from bft.randomness import Randomness
from bft.validators.answers import RIGHT, Codes
from bft.validators.tables import load_answers

TARGETS = (0.05, 0.02, 0.01)
HALVINGS = 10
SIZES = tuple(range(3, 11))
SHUFFLED = 1  # halvings with shuffled right answers
SEED = 0
NOBODY = FaultModel()


class Kept(NamedTuple):
    """What came of the halvings of one table for one target: in how many of them each happened."""

    table: str
    models: int
    half: int
    target: float
    halvings: int
    recommended: int
    missed: int
    held: int
    both: int
    found: int
    shuffled: int


def main(
    answers: Sequence[str] = (),
    models: Sequence[str] | None = None,
    halvings: int = HALVINGS,
    targets: Sequence[float] = TARGETS,
    seed: int = SEED,
    confidence: float = CONFIDENCE,
) -> list[Kept]:
    """Print the table, and return its rows."""
    tables = {file: recorded(file, models) for file in answers} or {name: draw(seed) for name, draw in SHAPES.items()}
    rows = [row for name, codes in tables.items() for row in trial(name, codes, halvings, targets, seed, confidence)]
    head = [
        "table", "models", "questions", "at most", "recommended", "missed", "other half holds", "first too", "found",
        "shuffled",
    ]  # fmt: skip
    cells = [
        [
            row.table, str(row.models), str(row.half), f"{row.target:g}", f"{row.recommended} of {row.halvings}",
            str(row.missed), str(row.held), str(row.both), str(row.found), str(row.shuffled),
        ]
        for row in rows
    ]  # fmt: skip
    print(align([head, *cells]))
    return rows


def recorded(file: str, models: Sequence[str] | None) -> Codes:
    """Return the answers of a table: of all models that were asked most questions, unless some are named."""
    table = load_answers(file)
    if models is None:
        asked = (table.answers >= -1).sum(axis=0)
        models = [name for name, kept in zip(table.models, asked >= WELL_COVERED * asked.max(), strict=True) if kept]
    return table.panel(models).codes


def trial(
    name: str, codes: Codes, halvings: int, targets: Sequence[float], seed: int, confidence: float = CONFIDENCE
) -> list[Kept]:
    """Return what came of one table."""
    questions, models = codes.shape
    seen: dict[float, Counter[str]] = {target: Counter() for target in targets}
    groups = [list(targets)] if models <= MOST_MODELS else [[target] for target in targets]  # a pool is for one target
    for halving in range(halvings):
        randomness = Randomness(seed)
        order = randomness.generator("simulations.halves", halving).permutation(questions)
        one, other = codes[np.sort(order[: questions // 2])], codes[np.sort(order[questions // 2 :])]
        moved = randomness.generator("simulations.shuffled", halving).integers(0, codes.max() + 1, (len(one), 1))
        shuffled = np.where(one == RIGHT, moved, np.where(one == moved, RIGHT, one))
        for group in groups:
            panels = designs(one, group, seed, confidence)
            held, first = (hindsight(half, group, seed, confidence) for half in (other, one))
            nothing = designs(shuffled, group, seed, confidence) if halving < SHUFFLED else {}
            for target in group:
                panel = panels[target]
                seen[target] += Counter(
                    recommended=panel is not None,
                    missed=panel is not None and wrong(panel, other) > target,
                    held=held[target],
                    both=held[target] and first[target],
                    found=held[target] and panel is not None,
                    shuffled=nothing.get(target) is not None,
                )
    fields = ("recommended", "missed", "held", "both", "found", "shuffled")
    return [
        Kept(name, models, questions // 2, target, halvings, *(each[field] for field in fields))
        for target, each in seen.items()
    ]


def designer(codes: Codes, target: float, seed: int) -> Designer:
    """Return what designs a panel from codes; models are called by their places."""
    models = codes.shape[1]
    pool = Pool(
        models=tuple(str(place) for place in range(models)),
        codes=codes,
        chance=None,
        accuracy=(codes == RIGHT).mean(axis=0),
        prices=(Price(),) * models,
        source="half of a table",
        basis="recorded",
    )
    sizes = [size for size in SIZES if size <= models]
    return Designer(pool=pool, goal=Goal(max_wrong=target), faults=NOBODY, sizes=sizes, seed=seed)


def designs(
    codes: Codes, targets: Sequence[float], seed: int, confidence: float = CONFIDENCE
) -> dict[float, DesignedPanel | None]:
    """Return what is recommended for each target; one search and one trial serve all of them."""
    design = designer(codes, targets[0], seed)
    choosing = design.choosing(design.sizes, design.considered)
    choices = choices_of(design.goal, (), exact=False)
    found = tried(choosing, choices, design.allowed, design.deals(), confidence)
    panels = {name: design.panel(choosing, chosen) for name, chosen in found.items()}  # no choice looks at the target
    goals = {target: Goal(max_wrong=target, confidence=confidence) for target in targets}
    return {target: recommended(panels, goal, design.pool)[0] for target, goal in goals.items()}


def hindsight(codes: Codes, targets: Sequence[float], seed: int, confidence: float = CONFIDENCE) -> dict[float, bool]:
    """Return whether some candidate meets each target by its own bound, and is right on half of the questions."""
    design = designer(codes, targets[0], seed)
    everything = np.arange(len(codes))
    choosing = design.choosing(design.sizes, design.considered)
    search = choosing.search(everything)
    scores = search.scores(np.ones(len(codes)), choosing.weights(search, everything))
    least = float(scores.wrong[scores.correct >= LEAST_CORRECT].min(initial=1.0))
    return {target: upper(least, len(codes), confidence) <= target for target in targets}


def wrong(panel: DesignedPanel, codes: Codes) -> float:
    """Return how often a panel decides wrong, with the weights that it came with."""
    members = [int(model) for model in panel.models]
    honest = HonestSets(codes[:, members], smallest=panel.n, largest=panel.n)
    search = Search(honest, range(panel.n), sizes=[panel.n], rules=[panel.rule], faults=NOBODY)
    scores = search.scores(np.ones(len(codes)), {"log_odds": log_odds(panel.accuracy)})
    place = [candidate.quorum for candidate in scores.candidates].index(panel.quorum)
    return float(scores.wrong[place])


def latent(
    accuracy: Sequence[float], questions: int, seed: int, *, r: float = 0.5, tau: float = 0.2, options: int = 9
) -> Codes:
    """Draw models whose being right has the latent correlation r; with probability tau all wrong answers are one."""
    generator = Randomness(seed).generator("simulations.shapes")
    shape = (questions, len(accuracy))
    normal = np.sqrt(r) * generator.normal(size=(questions, 1)) + np.sqrt(1.0 - r) * generator.normal(size=shape)
    trap = generator.random((questions, 1)) < tau
    return np.where(normal < ndtri(accuracy), RIGHT, np.where(trap, 1, generator.integers(1, options + 1, shape)))


def clones(seed: int) -> Codes:
    """Draw three models, each three times: copies say the same on four of five questions."""
    three = latent([0.93, 0.92, 0.9], 400, seed, r=0.2)
    alone = latent([0.93] * 3 + [0.92] * 3 + [0.9] * 3, 400, seed + 1, r=0.2)
    together = Randomness(seed).generator("simulations.clones").random(alone.shape) < 0.8
    return np.where(together, np.repeat(three, 3, axis=1), alone)


def trapped(seed: int, share: float = 0.025, questions: int = 600) -> Codes:
    """Draw nine good models that give one and the same wrong answer to a share of the questions."""
    codes = latent([0.97] * 9, questions, seed, r=0.0, tau=0.0, options=50)
    return np.where(Randomness(seed).generator("simulations.traps").random((questions, 1)) < share, 1, codes)


def silent(seed: int) -> Codes:
    """Draw eight models that give no answer to a tenth of the questions."""
    codes = latent(np.linspace(0.9, 0.75, 8).tolist(), 400, seed)
    return np.where(Randomness(seed).generator("simulations.silent").random(codes.shape) < 0.1, -1, codes)


SHAPES: dict[str, Callable[[int], Codes]] = {
    "clones": clones,
    "weak models": lambda seed: latent(np.linspace(0.62, 0.45, 10).tolist(), 600, seed, r=0.6, tau=0.15),
    "few questions": lambda seed: latent(np.linspace(0.9, 0.7, 8).tolist(), 120, seed),
    "two answers": lambda seed: latent([0.7] * 9, 400, seed, r=0.0, tau=0.0, options=1),
    "a share of 2.5 % wrong": trapped,
    "missing answers": silent,
    "25 models": lambda seed: latent(np.linspace(0.9, 0.55, 25).tolist(), 500, seed, r=0.5, tau=0.3),
}


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--answers", nargs="*", default=(), metavar="FILE", help="tables (default: drawn ones)")
    parser.add_argument("--models", help="names with commas between them (default: all that were asked most questions)")
    parser.add_argument("--halvings", type=int, default=HALVINGS)
    parser.add_argument("--targets", type=float, nargs="*", default=TARGETS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--confidence", type=float, default=CONFIDENCE)
    given = parser.parse_args()
    models = given.models and given.models.split(",")
    main(given.answers, models, given.halvings, given.targets, given.seed, given.confidence)
