"""What the questions of a panel share, and how one is decided: rule, keys and record; replicas, post and validators.

Who the members are on an event loop, and what LangChain wants of a runnable, is left to `panel`.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Collection
from pathlib import Path
from types import NoneType
from typing import TypeAlias

from bft.arguments import check_instance
from bft.core.request import Request
from bft.errors import ScenarioError, bad_value
from bft.live.answer import PanelAnswer, Progress
from bft.live.certificate import context_of, encoding_of
from bft.live.comparing import VALUES, Described, OwnComparison, comparison_of
from bft.live.finishing import Finishing
from bft.live.gates import Spend
from bft.live.host import AsyncioHost, Ending, PanelValidators
from bft.live.keys import CLIENT, Ed25519Keyring, PanelKeys, Verified
from bft.live.llm_calls import Configure, LlmCalls, Reader
from bft.live.members import Crew
from bft.live.post import Post
from bft.live.question import Question
from bft.live.recorder import Recorder
from bft.live.result import conclude
from bft.live.rule_settings import ConsensusRule, check_of, form
from bft.live.rules import Timing, rule_of
from bft.live.secrecy import Secrets
from bft.live.settings import PanelSettings
from bft.live.transcript import Call
from bft.validators.rule_settings import ConfidenceRule

SESSION_BYTES = 16
SLACK_S = 1.0
"""A view may take as long as its two calls, one after the other, and this much longer."""

Tell: TypeAlias = Callable[[Progress], None]


def untold(_: Progress) -> None:
    """Keep the progress to oneself."""


class PanelRun:
    """How a panel decides its questions.

    Parameters
    ----------
    settings : PanelSettings
        The panel.
    keys : PanelKeys or None
        Drawn anew where there are none.
    record : str, Path or None
        Where it is written down what is said.
    own : OwnComparison or None
        The user's object that compares answers.
    reader : callable or None
        The user's function that reads them.

    Raises
    ------
    ScenarioError
        If the keys are not those of so many nodes.

    Attributes
    ----------
    public_keys : dict
        By node, and of the client.
    """

    def __init__(
        self,
        settings: PanelSettings,
        keys: PanelKeys | None,
        record: str | Path | None,
        own: OwnComparison | None = None,
        reader: Reader | None = None,
    ) -> None:
        n = len(settings.members)
        self._own, self._reader = own, reader
        comparison_of(settings.compare, own)  # refuses one that names an object which is not there
        self._settings = settings
        self._check = check_of(settings.rule, settings.check)
        self._system = settings.system()
        self._diversity = settings.diversity
        self._rule = rule_of(settings.rule, self._system, self._diversity)
        check_instance("keys", keys, (PanelKeys, NoneType), "must be a bft.live.keys.PanelKeys", ScenarioError)
        check_instance("record", record, (str, Path, NoneType), "must be the path of a file", ScenarioError)
        self._keys = PanelKeys.generate(n) if keys is None else keys
        if len(self._keys.seeds) != n + 1:
            raise ScenarioError(bad_value("keys", len(self._keys.seeds) - 1, f"must be of {n} nodes"))
        self.public_keys = self._keys.public
        self._encoding = encoding_of(self._rule)
        self._spend = Spend(settings.max_total_cost, name="max_total_cost")
        self._rings: dict[Described, list[Ed25519Keyring]] = {}
        self._recorder = None if record is None else Recorder(record)
        self._finish = record is not None and settings.finish is not False
        self._finishing = Finishing(settings.finish)
        self._timestamps = itertools.count(time.time_ns())

    @property
    def unrecorded(self) -> tuple[int, str] | None:
        """How many lines of the record could not be written, and why; None: there is none, or all were."""
        kept = self._recorder
        return None if kept is None or kept.failure is None else (kept.lost, kept.failure)

    @property
    def overspent(self) -> bool:
        """Whether the ceiling on the cost of all questions has kept a request from being sent."""
        return self._spend.reached

    async def finished(self) -> None:
        """Wait for calls that run on, on this event loop, as long as they may."""
        await self._finishing.close()

    def close(self) -> None:
        """Close the record."""
        if self._recorder is not None:
            self._recorder.close()

    async def survey(
        self,
        crew: Crew,
        question: Question,
        configure: Configure,
        *,
        judging: bool | None = None,
        nodes: Collection[int] | None = None,
    ) -> tuple[Call, ...]:
        """Let every member, or some, say everything about a question; by default they judge where the rule has them."""
        secrets = Secrets(crew.secrets)
        llm_calls = self._llm_calls(crew, question, configure, untold, secrets)
        judging = self._check == "judge" if judging is None else judging
        await llm_calls.survey(judging=judging, nodes=nodes)
        if self._recorder is not None:
            names = self._settings.names
            self._recorder.survey(question.id, question.text, models=names, gold=question.gold, secrets=secrets)
        return tuple(llm_calls.calls)

    async def decide(self, crew: Crew, question: Question, configure: Configure, tell: Tell = untold) -> PanelAnswer:
        """Let the members decide a question."""
        secrets = Secrets(crew.secrets)
        if question.schema is not None and isinstance(self._settings.rule, ConfidenceRule):
            raise ScenarioError("schema: rule = 'confidence' counts stated confidence, and a JSON value states none")
        llm_calls = self._llm_calls(crew, question, configure, tell, secrets)
        asked: PanelValidators = self._rule.validators(llm_calls, self._check, self._settings.deadline_s)
        host, ending = await self._run(question, asked)
        answer = conclude(
            question,
            asked,
            host,
            ending,
            rule=self._settings.rule,
            public=self.public_keys,
            latency_s=llm_calls.now_s(),
            diversity=self._diversity,
        )
        what = "no quorum" if answer.text is None else "decided"
        llm_calls.report(what, answer.proposer, detail=answer.text or answer.why)

        def write() -> None:
            if self._recorder is not None:
                names = self._settings.names
                self._recorder.question(answer, models=names, gold=question.gold, secrets=secrets)

        self._finishing.then((*host.under_way, *asked.under_way), write)
        return answer

    def _llm_calls(
        self, crew: Crew, question: Question, configure: Configure, tell: Tell, secrets: Secrets
    ) -> LlmCalls:
        def keep(call: Call) -> None:
            if self._recorder is not None:
                self._recorder.call(question.id, call, secrets)

        asked_for = form(self._settings.rule, self._check)
        return LlmCalls(
            crew,
            question,
            asked_for,
            roles=self._rule.roles,
            reproducible=self._settings.reproducible,
            reader=self._reader,
            compare=self._settings.compare if question.schema is None else VALUES,
            own=self._own,
            spend=Spend(self._settings.max_cost, above=self._spend),
            deadline_s=self._settings.deadline_s,
            configure=configure,
            secrets=secrets,
            tell=tell,
            keep=keep,
        )

    async def _run(self, question: Question, asked: PanelValidators) -> tuple[AsyncioHost, Ending]:
        settings, system, n = self._settings, self._system, self._system.n
        session = os.urandom(SESSION_BYTES)
        timing = Timing(
            view_timeout_s=2.0 * settings.call_s + SLACK_S,
            views=settings.views or n,
            deadline_s=settings.deadline_s,
        )
        verified: Verified = set()
        *nodes, client = self._rings_for(asked.comparison.settings)
        rings = [ring.remembering(verified) for ring in nodes]
        host = AsyncioHost(
            rule=self._rule,
            system=system,
            replicas=[self._rule.make_replica(node, timing, rings[node]) for node in range(n)],
            posts=[Post(node, n, rings[node], self._encoding, session) for node in range(n)],
            validators=asked,
            finish=self._finish,
        )
        request = client.sign(Request(client=CLIENT, timestamp=next(self._timestamps), operation=question.text))
        finish = False
        try:
            asked.begin()
            ending = await host.run(
                request,
                deadline_s=settings.deadline_s,
                grace_s=settings.grace_s,
                counting_s=self._rule.counting_s,
            )
            finish = self._finish
        finally:
            if not finish:
                await asked.close()
        return host, ending

    def _rings_for(self, compare: Described) -> list[Ed25519Keyring]:
        """Return the rings of the nodes, and the client's, for questions whose answers are compared in a way."""
        if compare not in self._rings:
            counted = None if isinstance(self._settings.rule, ConsensusRule) else self._diversity
            context = context_of(self._settings.rule, self._system, self.public_keys, compare, counted)
            self._rings[compare] = [
                Ed25519Keyring({signer: seed}, self.public_keys, encoding=self._encoding, context=context)
                for signer, seed in zip(self._keys.signers, self._keys.seeds, strict=True)
            ]
        return self._rings[compare]
