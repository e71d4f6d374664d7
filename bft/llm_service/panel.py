"""Validators behind an LLM service: every proposal and verdict of a run is a call through the node's pipeline.

What a validator says is the panel's affair; the service says whether and when it arrives, and from where. A call that
fails stays silent, one that was answered from the last resort is an abstention, and a node that crashes waits for
nothing: its calls are given up, and its breakers and budgets begin anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bft.core.verdict import Verdict
from bft.llm_service.clock_driver import Task
from bft.llm_service.first_call import FirstCall, ask
from bft.llm_service.service import LlmService
from bft.operations.alerts import Alert, Monitor, Monitoring
from bft.operations.bands import Health
from bft.operations.events import HealthChanged
from bft.resilience.cache import DictCache
from bft.resilience.exchange import Answer, Result, Source
from bft.resilience.pipeline import Pipeline
from bft.resilience.settings import Service
from bft.resilience.steady_state import Finding, SteadyState, Trial
from bft.resilience.tally import Tally
from bft.validators.panel import Panel


@dataclass(frozen=True, slots=True)
class CallFailed:
    """A call to the node's validator brought no answer, for this reason."""

    reason: str


class ServicePanel:
    """The validators of one replication, reached by calls.

    Parameters
    ----------
    settings : Service
        Who asks which endpoint, with what policies.
    n : int
        Number of nodes.
    panel : Panel
        What validators say.
    service : LlmService
        The endpoints, on the run's clock.
    monitoring : Monitoring
        Rules of each node's monitor.
    note : callable
        Is told each event with its node.

    Attributes
    ----------
    service : LlmService
        The endpoints.
    tally : Tally
        Decisions of all pipelines.
    monitors : list of Monitor
        One for each node.
    alerts : list of (float, int, Alert)
        Time, node and alert, in order.
    answered, failed, abstained : int
        Calls that were votes, brought nothing, or were no votes.
    served : int
        Calls that a model or a cache answered, votes or not.
    """

    def __init__(
        self,
        settings: Service,
        *,
        n: int,
        panel: Panel,
        service: LlmService,
        monitoring: Monitoring,
        note: Callable[[int, object], None],
    ) -> None:
        self._settings = settings
        self._panel = panel
        self.service = service
        self._clock = service.clock
        self._note = note
        self._first_class = settings.votes == "first_class"
        self._shared = DictCache() if settings.shared_cache else None
        self.tally = Tally()
        self._driver = service.clock_driver(self.tally)
        self._rules = [settings.resilience(node) for node in range(n)]
        self._pipelines = [self._pipeline(node) for node in range(n)]
        self._under_way: list[dict[int, Task | FirstCall]] = [{} for _ in range(n)]
        self._calls = 0
        self.monitors = [Monitor(monitoring) for _ in range(n)]
        self._health = [Health.UNKNOWN] * n
        self.alerts: list[tuple[float, int, Alert]] = []
        self.answered = self.failed = self.abstained = self.served = 0

    def propose(self, node: int, question: int, respond: Callable[[str | None], None]) -> None:
        """Ask the node's validator for an answer; no vote is no answer."""
        answer = self._panel.propose(node, question).answer

        def done(counts: bool) -> None:
            respond(answer if counts else None)

        self._call(node, f"answer question {question}", done)

    def judge(self, node: int, question: int, answer: str, wording: str, respond: Callable[[Verdict], None]) -> None:
        """Ask the node's validator about an answer; no vote is no opinion."""
        verdict = self._panel.judge(node, question, answer, wording).verdict

        def done(counts: bool) -> None:
            respond(verdict if counts else Verdict.UNSURE)

        self._call(node, f"judge question {question}: {answer}", done)

    def finding(self) -> Finding:
        """Say whether the calls so far hold the target of 99.9 %."""
        trial = Trial(SteadyState())
        trial.successes, trial.calls = self.served, self.answered + self.abstained + self.failed
        return trial.finding()

    def crashed(self, node: int) -> None:
        """Give up the calls of a node that stopped; what its policies knew was in its memory."""
        under_way, self._under_way[node] = self._under_way[node], {}
        for task in under_way.values():
            task.cancel()
        self._pipelines[node] = self._pipeline(node)

    def _pipeline(self, node: int) -> Pipeline:
        return Pipeline(self._rules[node], cache=self._shared)

    def _call(self, node: int, prompt: str, done: Callable[[bool], None]) -> None:
        under_way, start_s = self._under_way[node], self._clock.now
        number = self._calls = self._calls + 1

        def end(result: Result) -> None:
            del under_way[number]
            self._ended(node, result, self._clock.now - start_s, done)

        under_way[number] = ask(self._driver, self._pipelines[node], prompt, end)

    def _ended(self, node: int, result: Result, latency_s: float, done: Callable[[bool], None]) -> None:
        answered = isinstance(result, Answer) and result.provenance.source is not Source.DEFAULT
        self.served += answered
        self._watch(node, answered, result, latency_s)
        if not isinstance(result, Answer):
            self.failed += 1
            self._note(node, CallFailed(result.reason))
            return
        counts = answered and (result.provenance.first_class or not self._first_class)
        self.answered += counts
        self.abstained += not counts
        done(counts)

    def _watch(self, node: int, answered: bool, result: Result, latency_s: float) -> None:
        monitor = self.monitors[node]
        for alert in monitor.record(answered, latency_s=latency_s, retries=max(0, result.attempts - 1)):
            self.alerts.append((self._clock.now, node, alert))
            self._note(node, alert)
        health = monitor.health
        if health is not self._health[node]:
            self._note(node, HealthChanged(health, self._health[node]))
            self._health[node] = health
