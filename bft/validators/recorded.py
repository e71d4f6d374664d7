"""Validators that answer what real models answered: one question of the table is drawn for each question asked."""

from __future__ import annotations

import numpy as np

from bft.errors import ScenarioError, bad_value
from bft.randomness import Floats, Randomness
from bft.validators.answers import MISSING, RIGHT, Answers, Codes
from bft.validators.comparison import DEFAULT_COMPARISON, Comparison, form_of
from bft.validators.draws import QuestionDraws
from bft.validators.tables import RecordedPanel

PURPOSE = "validators.question"


class RecordedAnswers:
    """The answers of a recorded panel; each question is drawn uniformly among those the panel answered in full.

    Parameters
    ----------
    recorded : RecordedPanel
        The panel's answers.
    compare : str
        How answers are compared, as the panel's were (`bft.validators.comparison`).
    kept : RecordedPanel, optional
        The panel's answers to questions that are never asked, to learn from.
    """

    def __init__(
        self, recorded: RecordedPanel, *, compare: Comparison = DEFAULT_COMPARISON, kept: RecordedPanel | None = None
    ) -> None:
        self.recorded = recorded
        self._kept = kept
        self.n = len(recorded.models)
        self._form = form_of(compare)
        self._wrong = _wrong_codes(recorded.codes)

    def draws(self, randomness: Randomness, replication: int) -> RecordedDraws:
        """Return the answers of one replication."""
        return RecordedDraws(self, QuestionDraws(randomness, PURPOSE, (1,), replication, self.prepare))

    def same(self, one: str | None, other: str | None) -> bool:
        """Whether two answers are the same; the panel's own are forms already, and a form is its own form."""
        if one is None or other is None or one == other:
            return one is not None and one == other
        form = self._form(one)
        return form is not None and form == self._form(other)

    def accuracy_when_answering(self) -> tuple[float, ...]:
        """Return each model's share of right answers among those that it gave."""
        given = np.maximum((self.recorded.codes != MISSING).sum(axis=0), 1)
        return tuple(((self.recorded.codes == RIGHT).sum(axis=0) / given).tolist())

    def training(self, randomness: Randomness, questions: int) -> Codes:
        """Return codes of the answers to the held-out questions, all of them.

        Raises `ScenarioError` if none are.
        """
        if self._kept is None:
            raise ScenarioError(
                bad_value(
                    "rule.kind", "log_odds", "needs validators.kept_for_learning, so as to learn on other questions"
                )
            )
        return self._kept.codes

    def prepare(self, uniforms: Floats) -> tuple[Codes]:
        """Turn uniforms of shape (questions, 1) into numbers of recorded questions, shape (questions,)."""
        return ((uniforms[:, 0] * len(self.recorded.rows)).astype(np.intp),)

    def codes(self, recorded_question: int) -> tuple[Codes, Codes]:
        """Return the codes of the nodes' own answers and of their wrong answers to a recorded question."""
        return self.recorded.codes[recorded_question], self._wrong[recorded_question]

    def answers(self, recorded_question: int) -> Answers:
        """Return the answers to a recorded question as strings."""
        texts = self.recorded.texts[recorded_question]
        own, wrong = self.codes(recorded_question)
        return Answers(
            truth=texts[RIGHT],
            own=tuple(None if code == MISSING else texts[code] for code in own.tolist()),
            wrong=tuple(texts[code] if code < len(texts) else _unheard_of(texts[RIGHT]) for code in wrong.tolist()),
        )


class RecordedDraws:
    """The answers of one replication of a recorded panel."""

    __slots__ = ("_draws", "_recorded")

    def __init__(self, recorded: RecordedAnswers, draws: QuestionDraws) -> None:
        self._recorded = recorded
        self._draws = draws

    def recorded_question(self, question: int) -> int:
        """Return which recorded question is asked."""
        return int(self._draws.row(question)[0])

    def codes(self, question: int) -> tuple[Codes, Codes]:
        """Return the codes of the nodes' own answers and of their wrong answers."""
        return self._recorded.codes(self.recorded_question(question))

    def answers(self, question: int) -> Answers:
        """Return the same as strings."""
        return self._recorded.answers(self.recorded_question(question))


def _wrong_codes(codes: Codes) -> Codes:
    """Give those who did not err the panel's most frequent wrong answer, or an unheard-of one where nobody erred."""
    frequency = np.stack([(codes == code).sum(axis=1) for code in range(1, max(int(codes.max()), 1) + 1)])
    popular = frequency.argmax(axis=0) + 1
    wrong = np.where(codes > RIGHT, codes, popular[:, None])
    wrong.flags.writeable = False
    return wrong


def _unheard_of(truth: str) -> str:
    """Return a wrong answer to a question that nobody in the panel got wrong."""
    return f"not {truth}"
