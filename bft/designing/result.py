"""What a design found: as an object, as JSON, as text, as HTML, and as the files that run its panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from bft.designing.choice import Goal
from bft.designing.effective_votes import EffectiveVotes
from bft.designing.fault_cases import FaultModel
from bft.designing.panel import DesignedPanel
from bft.designing.pools import Pool
from bft.designing.trial import Share
from bft.errors import ScenarioError
from bft.experiments.tables import align
from bft.scenario import Scenario
from bft.validators.model_names import in_one_line


@dataclass(frozen=True, slots=True)
class Change:
    """What a panel would do after one change, on the questions that it was chosen on.

    Attributes
    ----------
    what : str
        "one more liar" or "one more model".
    words : str
        The changed panel.
    correct, wrong : float
        Shares decided right and wrong.
    """

    what: str
    words: str
    correct: float
    wrong: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Design:
    """A design.

    Attributes
    ----------
    recommended : DesignedPanel or None
        The panel; None where none meets the targets.
    reason : str
        Why it is this one, or why there is none.
    nearest : DesignedPanel or None
        Where there is none, the one that comes nearest.
    front : tuple of DesignedPanel
        Panels that no other beats in right and wrong decisions, calls, cost and latency.
    errors_together : EffectiveVotes
        How many validators the models really are.
    best_single : DesignedPanel
        The most accurate model alone, nobody faulty.
    whole_panel : DesignedPanel
        The plurality of all models, nobody faulty.
    changes : tuple of Change
        What one more liar and one more model would make of the recommended panel.
    pool : Pool
        The models and their answers.
    goal : Goal
        The targets.
    faults : FaultModel
        What must be withstood.
    parts, repeats : int
        Parts that the questions were dealt into, and how often; 0 where the shares are exact.
    candidates : int
        Panels with rules and quorums that were compared.
    exhaustive : bool
        Whether these are all panels of the models; else of ten that a greedy search with exchange found.
    sizes, rules : tuple
        What was considered.
    seed : int
        Of the parts.
    """

    recommended: DesignedPanel | None
    reason: str
    nearest: DesignedPanel | None
    front: tuple[DesignedPanel, ...]
    errors_together: EffectiveVotes
    best_single: DesignedPanel
    whole_panel: DesignedPanel
    changes: tuple[Change, ...]
    pool: Pool
    goal: Goal
    faults: FaultModel
    parts: int
    repeats: int
    candidates: int
    exhaustive: bool
    sizes: tuple[int, ...]
    rules: tuple[str, ...]
    seed: int

    @property
    def effective_votes(self) -> float:
        """Effective number of votes of all models."""
        return self.errors_together.votes

    def scenario(self, panel: DesignedPanel | None = None) -> Scenario:
        """Return what runs a panel, by default the recommended one, on the answers that it was designed from.

        Raises
        ------
        ScenarioError
            If no panel is given and none is recommended, or the answers were drawn from a law that has too many.
        """
        return self._panel(panel).scenario(self.pool, self.faults)

    def to_toml(self, panel: DesignedPanel | None = None) -> str:
        """Return the scenario as a file that `bft run` takes."""
        return self.scenario(panel).to_toml()

    def panel_toml(self, panel: DesignedPanel | None = None) -> str:
        """Return a live panel as a file that `bft panel --panel` takes."""
        return self._panel(panel).panel_toml()

    def _panel(self, panel: DesignedPanel | None) -> DesignedPanel:
        found = panel or self.recommended
        if found is None:
            raise ScenarioError(f"panel: none is recommended ({self.reason}); name one, such as nearest")
        return found

    @property
    def how(self) -> str:
        """What was exact, what was sampled, and what was searched."""
        pool = self.pool
        basis = {
            "recorded": f"{pool.questions} recorded questions of {pool.source}, faults enumerated exactly",
            "exact": f"the exact law, all {pool.questions} patterns of answers, of {pool.source}",
            "sampled": f"{pool.questions} questions drawn from the law of {pool.source}, faults enumerated exactly",
        }[pool.basis]
        of = f"{len(pool.models)} models"
        if not self.exhaustive:
            of = f"ten of {of}, found by a greedy search with exchange,"
        panels = f"all panels of {_in_words(self.sizes)} of {of}"
        told = f"{panels} by {', '.join(self.rules)} ({self.candidates} candidates), on {basis}"
        if not self.repeats:
            return told
        return (
            f"{told}; each of {self.parts} parts judged the choice made on all the others, {self.repeats} times; each "
            f"end of an interval holds with {100 * self.goal.confidence:g} % confidence"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything in types that JSON knows."""
        best = self.best_single.to_dict()
        return {
            "recommended": None if self.recommended is None else self.recommended.to_dict(),
            "reason": self.reason,
            "nearest": None if self.nearest is None else self.nearest.to_dict(),
            "front": [panel.to_dict() for panel in self.front],
            "effective_votes": self.errors_together.to_dict()["effective_votes"],
            "best_single": {"model": best["models"][0], "accuracy": self.best_single.chosen_on_correct, **best},
            "whole_panel": {**self.whole_panel.to_dict(), "ties_shared": self.errors_together.plurality},
            "changes": [
                {"what": each.what, "panel": each.words, "correct": each.correct, "wrong": each.wrong}
                for each in self.changes
            ],
            "errors_together": self.errors_together.to_dict(),
            "models": list(self.pool.models),
            "questions": None if self.pool.chance is not None else self.pool.questions,
            "basis": self.pool.basis,
            "how": self.how,
            "exhaustive": self.exhaustive,
            "candidates": self.candidates,
            "folds": self.parts,
            "repeats": self.repeats,
            "confidence": self.goal.confidence,
            "early_stop": self.pool.early_stop,
            "judges": None if self.pool.judges is None else asdict(self.pool.judges),
            "targets": {
                "max_wrong": self.goal.max_wrong,
                "min_correct": self.goal.min_correct,
                "max_cost": self.goal.max_cost,
                "max_latency_s": self.goal.max_latency_s,
            },
            "faults": {
                "liars": self.faults.liars,
                "delta": list(self.faults.deltas),
                "behaviour": self.faults.behaviour,
            },
            "notes": list(self.pool.notes),
            "seed": self.seed,
        }

    def to_text(self) -> str:
        """Return it for reading."""
        lines = []
        if self.recommended is not None:
            lines += [f"recommended  {self.recommended.words}", f"why          {self.reason}"]
        else:
            lines += ["recommended  none", f"why          {self.reason}"]
        lines += [
            f"with {each.what:<14} right {_p(each.correct)}, wrong {_p(each.wrong)}: {each.words}"
            for each in self.changes
        ]
        lines += [
            f"models       {', '.join(f'{k + 1} {in_one_line([model])}' for k, model in enumerate(self.pool.models))}"
        ]
        lines += [f"votes        {self.errors_together.sentence}", f"searched     {self.how}"]
        lines += [f"note         {note}" for note in self.pool.notes]
        return "\n".join(lines) + "\n\n" + align([_HEADER, *self.rows()])

    def rows(self) -> list[list[str]]:
        """Return the front, the best single model and the whole panel as lines of a table."""
        named = [("*" if panel == self.recommended else "", panel) for panel in self.front]
        if self.recommended is not None and all(panel.words != self.recommended.words for panel in self.front):
            named.insert(0, ("*", self.recommended))
        named = [
            (mark if panel.words != getattr(self.recommended, "words", None) else "*", panel) for mark, panel in named
        ]
        named += [("single", self.best_single), ("all", self.whole_panel)]
        return [_row(mark, panel, self.pool.models) for mark, panel in named]

    def __repr__(self) -> str:
        told = "no panel" if self.recommended is None else self.recommended.words
        return f"<Design: {told}; {self.effective_votes:.2f} effective votes of {len(self.pool.models)} models>"

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(cell)}</th>" for cell in _HEADER)
        body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in self.rows())
        title = "No panel" if self.recommended is None else self.recommended.words
        told = [self.reason, self.errors_together.sentence, self.how, *self.pool.notes]
        notes = "".join(f"<p>{escape(each)}</p>" for each in told)
        return f"<h4>{escape(title)}</h4>{notes}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


_HEADER = ["", "right", "wrong", "none", "wrong when chosen", "calls", "cost", "latency s", "panel"]


def _in_words(sizes: Sequence[int]) -> str:
    """Return sizes in ascending order as "3", "3 to 10" or "3, 5, 7"."""
    without_gap = len(sizes) > 1 and sizes[-1] - sizes[0] == len(sizes) - 1
    return f"{sizes[0]} to {sizes[-1]}" if without_gap else ", ".join(map(str, sizes))


def _row(mark: str, panel: DesignedPanel, models: Sequence[str]) -> list[str]:
    out = panel.held_out
    numbers = " ".join(str(models.index(model) + 1) for model in panel.models)
    return [
        mark,
        *(_shown(share) for share in (out.correct, out.wrong, out.none)),
        _p(panel.chosen_on_wrong),
        f"{panel.calls:g}",
        "" if panel.cost is None else f"{panel.cost:g}",
        "" if panel.latency_s is None else f"{panel.latency_s:g}",
        f"{numbers} by {panel.by}",
    ]


def _shown(share: Share) -> str:
    if share.low == share.high:
        return _p(share.value)
    return f"{100 * share.value:.2f} ({100 * share.low:.2f}-{100 * share.high:.2f})"


def _p(share: float) -> str:
    return f"{100 * share:.2f}"
