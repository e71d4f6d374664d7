"""A panel of language models that answers by Byzantine agreement: a LangChain runnable.

    panel = Panel(["openai:gpt-4o-mini", "mistralai:mistral-small", "fake:always=42", …], deadline_s=60)
    answer = panel.invoke("What is six times seven?")

Each model sits behind a replica. One proposes, the others check, and a quorum of signed votes makes the answer; when a
proposal finds no quorum the next model proposes. It works from plain code and inside a running event loop; callbacks,
tags and metadata of the caller reach every call of a model.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.runnables import Runnable, RunnableConfig, ensure_config
from langchain_core.runnables.config import get_async_callback_manager_for_config

from bft.core.request import Request
from bft.errors import ScenarioError, bad_value
from bft.live.answer import Call, PanelAnswer, Progress
from bft.live.asking import Asking, Configure
from bft.live.certificate import context_of, encoding_of
from bft.live.conclusion import conclude
from bft.live.host import AsyncioHost, Ending
from bft.live.keys import CLIENT, Ed25519Keyring, PanelKeys, Signer
from bft.live.loops import LoopThread
from bft.live.members import Crew, muster, refuse_own_retries
from bft.live.post import Post
from bft.live.question import Question, joined, question_of
from bft.live.recorder import Recorder
from bft.live.rules import Timing, rule_named
from bft.live.secrecy import Secrets
from bft.live.settings import PanelSettings, panel_settings

SESSION_BYTES = 16
SLACK_S = 1.0
"""A view may take as long as its two calls, one after the other, and this much longer."""

ModelGiven: TypeAlias = "str | Mapping[str, Any] | BaseChatModel"


T = TypeVar("T")
Tell: TypeAlias = Callable[[Progress], None]
Work: TypeAlias = Callable[[Question, Configure], Awaitable[T]]


def _untold(_: Progress) -> None:
    """Keep the progress to oneself."""


class Panel(Runnable[Any, PanelAnswer]):
    """Several chat models that decide together.

    Parameters
    ----------
    models : sequence
        One for each node: a name that `init_chat_model` knows, "fake:…", a table as `MemberSettings` describes it
        (`model`, `base_url`, `api_key_env`, `name`, `options`, `price_in`, `price_out`, `fallbacks`), or a chat model
        object whose own retries are off. In a table, `model` may be such an object too.
    keys : PanelKeys, optional
        By default drawn anew: then only the certificate itself says whose keys they are.
    record : str or Path, optional
        Where every call and every question is written down, as JSON lines.
    **settings
        As `PanelSettings` describes them: rule, check, deadline_s, call_deadline_s, attempts, …

    Raises
    ------
    ScenarioError
        If something is not allowed; the message names it.

    Attributes
    ----------
    settings : PanelSettings
        What was given, and the defaults.
    public_keys : dict
        By node, and of the client: what others need to verify a certificate.
    """

    name: str | None = "panel"

    def __init__(
        self,
        models: Sequence[ModelGiven],
        *,
        keys: PanelKeys | None = None,
        record: str | Path | None = None,
        **settings: Any,
    ) -> None:
        described, self._given = _described(models)
        self._set_up(panel_settings(**{**settings, "members": described}), keys, record)

    @classmethod
    def of(cls, settings: PanelSettings, *, keys: PanelKeys | None = None, record: str | Path | None = None) -> Panel:
        """Return the panel that settings describe, such as those of a file."""
        panel = cls.__new__(cls)
        panel._given = {}
        panel._set_up(settings, keys, record)
        return panel

    def _set_up(self, settings: PanelSettings, keys: PanelKeys | None, record: str | Path | None) -> None:
        n = len(settings.members)
        self.settings = settings
        self._rule = rule_named(settings.rule)
        self._system = settings.system()
        self._keys = PanelKeys.generate(n) if keys is None else keys
        if len(self._keys.seeds) != n + 1:
            raise ScenarioError(bad_value("keys", len(self._keys.seeds) - 1, f"must be of {n} nodes"))
        self.public_keys = self._keys.public
        self._encoding = encoding_of(settings.rule)
        self._context = context_of(settings.rule, self._system, self.public_keys)
        self._clients_ring = self._ring_of(CLIENT)
        self._recorder = None if record is None else Recorder(record)
        self._timestamps = itertools.count(time.time_ns())
        self._crews: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Crew] = weakref.WeakKeyDictionary()
        self._background = LoopThread()
        weakref.finalize(self, LoopThread.stop, self._background)

    @property
    def InputType(self) -> Any:  # noqa: N802 (LangChain's name)
        """A question, or a conversation that ends with one."""
        return str | list[Any] | dict[str, Any]

    @property
    def OutputType(self) -> type[PanelAnswer]:  # noqa: N802 (LangChain's name)
        """What became of it."""
        return PanelAnswer

    def check(self) -> None:
        """Build every model once, so that what cannot be built is known before anyone is asked.

        Raises
        ------
        ScenarioError
            If a model cannot be built as described.
        """

        async def build() -> None:
            await muster(self.settings, self._given).close()

        self._background.run(build())

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> PanelAnswer:
        """Ask the panel, and wait."""
        return self._background.run(self.ainvoke(input, ensure_config(config), **kwargs))

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> PanelAnswer:
        """Ask the panel."""
        return await self._traced(input, config, self._decide, **kwargs)

    def survey(self, input: Any, config: RunnableConfig | None = None) -> tuple[Call, ...]:
        """Let every member answer a question and judge every answer, so that all of it can be replayed.

        Nothing is decided. That takes n calls, and n more for each different answer; what is not said by the deadline
        of a question is left out.
        """
        return self._background.run(self.asurvey(input, ensure_config(config)))

    async def asurvey(self, input: Any, config: RunnableConfig | None = None) -> tuple[Call, ...]:
        """Do the same without waiting."""
        return await self._traced(input, config, self._survey)

    def stream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[Any]:
        """Ask the panel; yield each `Progress`, and last the `PanelAnswer`."""
        yield from self._background.iterate(self.astream(input, ensure_config(config), **kwargs))

    async def astream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> AsyncIterator[Any]:
        """Ask the panel; yield each `Progress`, and last the `PanelAnswer`."""
        told: asyncio.Queue[Progress | None] = asyncio.Queue()
        decide = partial(self._decide, tell=told.put_nowait)
        work = asyncio.ensure_future(self._traced(input, config, decide, **kwargs))
        work.add_done_callback(lambda _: told.put_nowait(None))
        try:
            while (progress := await told.get()) is not None:
                yield progress
            yield work.result()
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    def transform(
        self, input: Iterator[Any], config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[PanelAnswer]:
        """Inside a chain that streams, pass on the answer alone."""
        yield self.invoke(joined(list(input)), config, **kwargs)

    async def atransform(
        self, input: AsyncIterator[Any], config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[PanelAnswer]:
        """Inside a chain that streams, pass on the answer alone."""
        yield await self.ainvoke(joined([chunk async for chunk in input]), config, **kwargs)

    def close(self) -> None:
        """End what plain calls have started: connections, thread, record."""
        if self._background.running:
            self._background.run(self._close_crew())
            self._background.stop()
        if self._recorder is not None:
            self._recorder.close()

    async def aclose(self) -> None:
        """Close the connections opened on this event loop, and what plain calls have started."""
        await self._close_crew()
        await asyncio.to_thread(self.close)

    def __enter__(self) -> Panel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Panel:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _close_crew(self) -> None:
        crew = self._crews.pop(asyncio.get_running_loop(), None)
        if crew is not None:
            await crew.close()

    def _crew(self) -> Crew:
        loop = asyncio.get_running_loop()
        crew = self._crews.get(loop)
        if crew is None:
            crew = self._crews[loop] = muster(self.settings, self._given)
        return crew

    async def _traced(self, input: Any, config: RunnableConfig | None, work: Work[T], **kwargs: Any) -> T:
        """Work on a question inside a run that LangChain's callbacks see."""
        if kwargs:
            name, value = next(iter(kwargs.items()))
            raise ScenarioError(bad_value(name, value, "is not an option of a call"))
        config = ensure_config(config)
        manager = get_async_callback_manager_for_config(config)
        run = await manager.on_chain_start(
            None, input, name=config.get("run_name") or self.get_name(), run_id=config.pop("run_id", None)
        )

        def configure(node: int, role: str, view: int) -> RunnableConfig:
            return {
                "callbacks": run.get_child(f"node:{node}"),
                "run_name": f"{self.settings.names[node]}: {role}",
                "tags": [f"bft:{role}"],
                "metadata": {"bft_question": question.id, "bft_node": node, "bft_role": role, "bft_view": view},
                "configurable": config.get("configurable", {}),
            }

        try:
            question = question_of(input)
            answer = await work(question, configure)
        except BaseException as error:
            await run.on_chain_error(error)
            raise
        await run.on_chain_end(answer)
        return answer

    def _asking(self, question: Question, configure: Configure, tell: Tell) -> tuple[Asking, Secrets]:
        crew = self._crew()
        secrets = Secrets(crew.secrets)
        asking = Asking(
            crew,
            self.settings,
            question.text,
            configure=configure,
            secrets=secrets,
            tell=tell,
            keep=lambda call: self._keep(question, call, secrets),
        )
        return asking, secrets

    async def _survey(self, question: Question, configure: Configure) -> tuple[Call, ...]:
        asking, secrets = self._asking(question, configure, _untold)
        with suppress(TimeoutError):
            await asyncio.wait_for(asking.survey(), self.settings.deadline_s)
        if self._recorder is not None:
            names = self.settings.names
            self._recorder.survey(question.id, question.text, models=names, gold=question.gold, secrets=secrets)
        return tuple(asking.calls)

    async def _decide(self, question: Question, configure: Configure, tell: Tell = _untold) -> PanelAnswer:
        started_s = asyncio.get_running_loop().time()
        asking, secrets = self._asking(question, configure, tell)
        host, ending = await self._run(question, asking)
        latency_s = asyncio.get_running_loop().time() - started_s
        answer = conclude(question, asking, host, ending, public=self.public_keys, latency_s=latency_s)
        what = "no quorum" if answer.text is None else "decided"
        asking.report(what, answer.proposer, detail=answer.text or answer.why)
        if self._recorder is not None:
            names = self.settings.names
            self._recorder.question(answer, models=names, gold=question.gold, secrets=secrets)
        return answer

    def _keep(self, question: Question, call: Call, secrets: Secrets) -> None:
        if self._recorder is not None:
            self._recorder.call(question.id, call, secrets)

    async def _run(self, question: Question, asking: Asking) -> tuple[AsyncioHost, Ending]:
        settings, system, n = self.settings, self._system, self._system.n
        session = os.urandom(SESSION_BYTES)
        timing = Timing(view_timeout_s=2.0 * settings.call_deadline_s + SLACK_S, views=settings.views or n)
        rings = [self._ring_of(node) for node in range(n)]
        host = AsyncioHost(
            rule=self._rule,
            system=system,
            replicas=[self._rule.make_replica(node, system, timing, rings[node]) for node in range(n)],
            posts=[Post(node, n, rings[node], self._encoding, session) for node in range(n)],
            validators=asking,
        )
        request = Request(client=CLIENT, timestamp=next(self._timestamps), operation=question.text)
        try:
            asking.begin()
            ending = await host.run(
                self._clients_ring.sign(request), deadline_s=settings.deadline_s, grace_s=settings.grace_s
            )
        finally:
            await asking.close()
        return host, ending

    def _ring_of(self, signer: Signer) -> Ed25519Keyring:
        seed = self._keys.seeds[-1 if isinstance(signer, str) else signer]
        return Ed25519Keyring({signer: seed}, self.public_keys, encoding=self._encoding, context=self._context)


def _described(models: Sequence[ModelGiven]) -> tuple[list[dict[str, Any]], dict[tuple[int, int], BaseChatModel]]:
    """Return the description of each member, and the objects among their models."""
    if isinstance(models, str | Mapping) or not isinstance(models, Sequence):
        raise ScenarioError(bad_value("models", models, "must be a list with one model for each node"))
    objects: dict[tuple[int, int], BaseChatModel] = {}

    def describe(given: Any, node: int, level: int) -> dict[str, Any]:
        table = dict(given) if isinstance(given, Mapping) else {"model": given}
        if isinstance(chat := table.get("model"), BaseChatModel):
            refuse_own_retries(chat, f"models.{node}")
            objects[node, level] = chat
            known = getattr(chat, "model_name", None) or getattr(chat, "model", None)
            table["model"] = known if isinstance(known, str) and known else type(chat).__name__
        if level == 0 and "fallbacks" in table:
            table["fallbacks"] = [describe(each, node, rank) for rank, each in enumerate(table["fallbacks"], start=1)]
        return table

    return [describe(given, node, 0) for node, given in enumerate(models)], objects
