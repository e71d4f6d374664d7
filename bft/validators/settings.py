"""How a scenario describes its validators; `model(n)` builds what makes their panels.

What a single value may be is checked here, what depends on the number of nodes when the model is built.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from bft.errors import ScenarioError, bad_value
from bft.limits import MOST_OPTIONS
from bft.settings import Settings
from bft.validators.answers import AnswerModel
from bft.validators.check_settings import CheckSettings, SameAnswerSettings
from bft.validators.clones import CloneSettings
from bft.validators.comparison import DEFAULT_COMPARISON, Comparison
from bft.validators.composed import ComposedModel
from bft.validators.confidence import ConfidenceSettings
from bft.validators.debate import DebateSettings
from bft.validators.error_settings import (
    BetaBinomialErrorSettings,
    CorrelatedErrorSettings,
    Errors,
    IndependentErrorSettings,
)
from bft.validators.injection import InjectionSettings
from bft.validators.latency_settings import LatencySettings
from bft.validators.learning import held_out
from bft.validators.panel import PanelModel
from bft.validators.panel_numbers import PanelNumbers
from bft.validators.panel_record import RecordedQuestion, read_record
from bft.validators.perfect import PerfectPanel
from bft.validators.presets import load_numbers, preset
from bft.validators.quantities import Probabilities, ProbabilityBelowOne, ShareKept, by_name, each_node
from bft.validators.recorded import RecordedAnswers
from bft.validators.replayed import ReplayedModel
from bft.validators.statistical import StatisticalAnswers
from bft.validators.tables import AnswerTable, load_answers
from bft.validators.timeouts import TimeoutSettings

DEFAULT_PRESET = "mmlu_pro_strong7"
DEFAULT_OPTIONS = 3  # as in a question with four choices
_NUMBERS = ("accuracy", "options", "errors", "missing", "missing_correlation")


class PerfectValidators(Settings):
    """Always right, never doubted, at once."""

    kind: Literal["perfect"] = "perfect"

    def model(self, n: int) -> PanelModel:
        """Return what makes the panels of `n` nodes."""
        return PerfectPanel()


class StatisticalValidators(Settings):
    """Validators described by numbers.

    The numbers come from a preset or a file, and what is given beside it takes precedence. With `accuracy` alone the
    validators err independently; with nothing at all the preset "mmlu_pro_strong7" holds.
    """

    kind: Literal["statistical"] = "statistical"

    preset: str | None = None
    """Name of a panel of real LLMs whose numbers are in the project."""

    file: str | None = None
    """TOML file with the numbers of a panel, as a fit writes it."""

    accuracy: Probabilities | None = None
    """Probability of a right answer: one for all nodes, or one for each."""

    options: Annotated[int, Field(ge=1, le=MOST_OPTIONS)] | None = None
    """Number of wrong answers to choose among."""

    errors: Errors | None = None
    """Who is right together, and who errs alike."""

    missing: Probabilities | None = None
    """Probability of no parseable answer, at most 1 − accuracy."""

    missing_correlation: ProbabilityBelowOne | None = None
    """Latent correlation κ of two validators' giving no answer where they are not right; by default 0."""

    check: CheckSettings = SameAnswerSettings()
    """How the answers of others are checked."""

    latency: LatencySettings | None = None
    """How long calls take; by default no time at all."""

    clones: CloneSettings | None = None
    """Which nodes run the same model; by default each has its own."""

    confidence: ConfidenceSettings | None = None
    """How sure validators say they are; by default they say nothing of it, which counts as certainty."""

    debate: DebateSettings | None = None
    """Rounds in which validators hear each other before they answer."""

    injection: InjectionSettings | None = None
    """How easily judges are led by instructions in what they judge; by default not at all."""

    timeouts: TimeoutSettings | None = None
    """How often calls never answer; by default never."""

    def numbers(self) -> PanelNumbers:
        """Return the numbers in force.

        Raises `ScenarioError` if the preset does not exist, or a file is given as well; `TableError` if the file cannot
        be read.
        """
        if self.preset is not None and self.file is not None:
            raise ScenarioError(bad_value("validators.file", self.file, "must not be given together with a preset"))
        given = {name: getattr(self, name) for name in _NUMBERS}
        given = {name: value for name, value in given.items() if value is not None}
        return self._base().model_copy(update=given)

    def model(self, n: int) -> PanelModel:
        """Return what makes the panels of `n` nodes.

        Raises `ScenarioError` if a list has not one value for each node, or accuracy and missing answers exceed 1
        together.
        """
        numbers = self.numbers()
        accuracy = np.array(each_node("validators.accuracy", numbers.accuracy, n))
        missing = np.array(each_node("validators.missing", numbers.missing, n))
        if (over := accuracy + missing > 1.0).any():
            node = int(over.argmax())
            allowed = f"must be at most 1 - accuracy = {1.0 - accuracy[node]:.4g} (node {node})"
            raise ScenarioError(bad_value("validators.missing", float(missing[node]), allowed))
        clones = self.clones or numbers.clones
        answers = StatisticalAnswers(
            correctness=numbers.errors.correctness(accuracy),
            wrong_choice=numbers.errors.wrong_choice(numbers.options),
            accuracy=accuracy,
            missing=missing,
            missing_correlation=numbers.missing_correlation,
            clones=None if clones is None else clones.clones(n, _between_models(numbers.errors)),
        )
        return _composed(answers, self, n)

    def _base(self) -> PanelNumbers:
        if self.file is not None:
            return load_numbers(self.file)
        if self.preset is None and self.accuracy is not None:
            return PanelNumbers(accuracy=self.accuracy, options=DEFAULT_OPTIONS, errors=IndependentErrorSettings())
        return preset(self.preset or DEFAULT_PRESET)


class RecordedValidators(Settings):
    """Validators that answer what real models answered.

    Each question asked is drawn uniformly among the table's questions that all models of the panel were asked.
    """

    kind: Literal["recorded"] = "recorded"

    file: str
    """Table of recorded answers: parquet, csv or jsonl."""

    models: tuple[str, ...]
    """One model of the table for each node."""

    kept_for_learning: ShareKept | None = None
    """Share of the questions that is never asked: for rules that learn of the models what they weigh."""

    compare: Comparison = DEFAULT_COMPARISON
    """How answers are compared: in canonical form, as "letters", as "numbers", or "as_written"."""

    drop_conflicts: bool = False
    """Whether questions that the table contradicts itself about are left out, instead of refusing the table."""

    check: CheckSettings = SameAnswerSettings()
    """How the answers of others are checked."""

    latency: LatencySettings | None = None
    """How long calls take; by default no time at all."""

    confidence: ConfidenceSettings | None = None
    """How sure validators say they are; by default they say nothing of it, which counts as certainty."""

    debate: DebateSettings | None = None
    """Rounds in which validators hear each other before they answer."""

    injection: InjectionSettings | None = None
    """How easily judges are led by instructions in what they judge; by default not at all."""

    timeouts: TimeoutSettings | None = None
    """How often calls never answer; by default never."""

    _written_if_set: ClassVar[frozenset[str]] = frozenset({"drop_conflicts"})

    def table(self) -> AnswerTable:
        """Return the table; errors as for `answers`."""
        return load_answers(self.file, drop_conflicts=self.drop_conflicts)

    def answers(self) -> RecordedAnswers:
        """Return the panel's recorded answers.

        Raises `TableError` if the table is unreadable, malformed, or lacks what the panel needs.
        """
        table = self.table()
        panel = table.panel(self.models, compare=self.compare)
        if self.kept_for_learning is None:
            return RecordedAnswers(panel, compare=self.compare)
        kept, asked = held_out(panel, table, self.kept_for_learning)
        return RecordedAnswers(asked, compare=self.compare, kept=kept)

    def model(self, n: int) -> PanelModel:
        """Return what makes the panels of `n` nodes.

        Raises
        ------
        ScenarioError
            If there is not one model for each node.
        TableError
            As for `answers`.
        """
        if len(self.models) != n:
            raise ScenarioError(
                bad_value("validators.models", list(self.models), f"must name one for each of the n = {n} nodes")
            )
        return _composed(self.answers(), self, n)


def _composed(answers: AnswerModel, settings: StatisticalValidators | RecordedValidators, n: int) -> ComposedModel:
    """Put a panel together from what its members answer and what else is known of them."""
    latency, confidence, injection = settings.latency, settings.confidence, settings.injection
    debate, timeouts = settings.debate, settings.timeouts
    return ComposedModel(
        answers=answers,
        check=settings.check.check(n),
        latency=None if latency is None else latency.law(n),
        confidence=None if confidence is None else confidence.law(answers.accuracy_when_answering()),
        debate=None if debate is None else debate.law(),
        injected=None if injection is None else injection.law(n),
        timeouts=None if timeouts is None else (timeouts.law(n), timeouts.after_s),
    )


class ReplayedValidators(Settings):
    """Validators that say what a live panel said, as it wrote it down (`bft.live.recorder`).

    Each question asked is drawn uniformly among those that the panel was asked.
    """

    kind: Literal["replayed"] = "replayed"

    file: str
    """Record of a live panel: JSON lines."""

    models: tuple[str, ...] | None = None
    """Members of the panel that is replayed, where the file holds several; by default the last one."""

    latency: bool = True
    """Whether calls take as long as they took."""

    question: str | None = None
    """The one question that is asked; by default one is drawn of all."""

    unknown: Literal["refuse", "abstain", "right", "wrong"] = "refuse"
    """What calls are taken for that were cancelled or never made. By default a run is refused whose outcome depends on
    that; see `bft.validators.replayed`."""

    _written_if_set: ClassVar[frozenset[str]] = frozenset({"question", "unknown"})

    def model(self, n: int) -> PanelModel:
        """Return what makes the panels of `n` nodes.

        Raises `ScenarioError` if the panel has not one member for each node; `TableError` if the record cannot be read,
        or holds nothing of this panel.
        """
        questions = self._questions()
        members = questions[0].models
        if len(members) != n:
            allowed = f"holds a panel of {len(members)}: must have one member for each of the n = {n} nodes"
            raise ScenarioError(bad_value("validators.file", self.file, allowed))
        return ReplayedModel(
            questions, latency=self.latency, filling="abstain" if self.unknown == "refuse" else self.unknown
        )

    def says_how_sure(self) -> bool:
        """Return whether the members said of each of their answers how sure they were."""
        calls = [call for question in self._questions() for call in question.calls if call.answer is not None]
        return all(call.confidence is not None for call in calls)

    def _questions(self) -> tuple[RecordedQuestion, ...]:
        found = read_record(self.file).of_panel(self.models)
        if self.question is None:
            return found
        asked = tuple(each for each in found if each.id == self.question)
        if not asked:
            raise ScenarioError(bad_value("validators.question", self.question, f"is no question of {self.file}"))
        return asked


def _between_models(errors: Errors) -> float:
    """Return the latent correlation between different models."""
    if isinstance(errors, BetaBinomialErrorSettings):
        allowed = 'must be "independent" or "correlated" where nodes share models'
        raise ScenarioError(bad_value("validators.errors.kind", errors.kind, allowed))
    return errors.r if isinstance(errors, CorrelatedErrorSettings) else 0.0


ValidatorSettings = Annotated[
    Annotated[
        PerfectValidators | StatisticalValidators | RecordedValidators | ReplayedValidators,
        Field(discriminator="kind"),
    ],
    BeforeValidator(by_name),
]
