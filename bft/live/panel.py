"""A panel of language models that answers by Byzantine agreement: a LangChain runnable.

    panel = Panel(["openai:gpt-4o-mini", "mistralai:mistral-small", "fake:always=42", …], deadline_s=60)
    answer = panel.invoke("What is six times seven?")

Each model sits behind a replica. By default one proposes, the others check, and a quorum of signed votes makes the
answer; when a proposal finds no quorum the next model proposes. With `rule="quorum"`, or another ballot, all answer and
their votes are counted; what each rule promises stands in `rule_settings`. It works from plain code and inside a
running event loop; callbacks, tags and metadata of the caller reach every call of a model.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.runnables import Runnable, RunnableConfig, ensure_config
from langchain_core.runnables.config import get_async_callback_manager_for_config

from bft.errors import ScenarioError, bad_value
from bft.live.answer import PanelAnswer, Progress
from bft.live.comparing import OwnComparison, own_of
from bft.live.keys import PanelKeys
from bft.live.llm_calls import Configure, Reader
from bft.live.local.process import Lease
from bft.live.loops import LoopThread
from bft.live.members import Crew, muster, refuse_own_retries
from bft.live.panel_run import PanelRun
from bft.live.question import Question, joined, question_of
from bft.live.settings import PanelSettings
from bft.live.transcript import Call
from bft.settings import Settings

ModelGiven: TypeAlias = "str | Mapping[str, Any] | BaseChatModel"

T = TypeVar("T")
Work: TypeAlias = Callable[[Crew, Question, Configure], Awaitable[T]]


class Panel(Runnable[Any, PanelAnswer]):
    """Several chat models that decide together.

    Parameters
    ----------
    models : sequence
        One for each node: a name that `init_chat_model` knows, "fake:…", "local" (`bft.live.local`), a table as
        `MemberSettings` describes it (`model`, `base_url`, `api_key_env`, `name`, `options`, `roles`, `price_in`,
        `price_out`, `fallbacks`), or a chat model object whose own retries are off. In a table, `model` may be such an
        object too.
    keys : PanelKeys, optional
        By default drawn anew: then only the certificate itself says whose keys they are.
    record : str or Path, optional
        Where every call and every question is written down, as JSON lines.
    compare : str, mapping or object, optional
        When two answers are the same: a name or a table of `bft.live.comparing`, or an object with a `name` and
        `same(a, b)`.
    reader : callable, optional
        Reads a member's answer out of its reply, in place of the panel's rules; None: it cannot be read.
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
        compare: Any = None,
        reader: Any = None,
        **settings: Any,
    ) -> None:
        described, self._given = _described(models)
        own = None
        if compare is not None:
            data = isinstance(compare, str | Mapping | Settings)
            own = None if data else compare
            settings["compare"] = compare if data else own_of(compare)
        if reader is not None and not callable(reader):
            allowed = "must be a function from a reply to an answer"
            raise ScenarioError(bad_value("reader", type(reader).__name__, allowed))
        self._set_up(PanelSettings(**{**settings, "members": described}), keys, record, own, reader)

    @classmethod
    def of(cls, settings: PanelSettings, *, keys: PanelKeys | None = None, record: str | Path | None = None) -> Panel:
        """Return the panel that settings describe, such as those of a file."""
        panel = cls.__new__(cls)
        panel._given = {}
        panel._set_up(settings, keys, record)
        return panel

    def _set_up(
        self,
        settings: PanelSettings,
        keys: PanelKeys | None,
        record: str | Path | None,
        own: OwnComparison | None = None,
        reader: Reader | None = None,
    ) -> None:
        self.settings = settings
        self._run = PanelRun(settings, keys, record, own, reader)
        self.public_keys = self._run.public_keys
        self._crews: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Crew] = weakref.WeakKeyDictionary()
        self._background = LoopThread()
        weakref.finalize(self, LoopThread.stop, self._background)
        self._local = Lease() if settings.local else None
        if self._local is not None:
            weakref.finalize(self, Lease.release, self._local)

    @property
    def unrecorded(self) -> tuple[int, str] | None:
        """How many lines of the record could not be written, and why; None: there is no record, or all were."""
        return self._run.unrecorded

    @property
    def overspent(self) -> bool:
        """Whether `max_total_cost` has kept a request from being sent."""
        return self._run.overspent

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
            await muster(self.settings, self._given, await self._local_url()).close()

        self._background.run(build())

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> PanelAnswer:
        """Ask the panel, and wait."""
        return self._background.run(self.ainvoke(input, ensure_config(config), **kwargs))

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> PanelAnswer:
        """Ask the panel."""
        return await self._traced(input, config, self._run.decide, **kwargs)

    def survey(
        self,
        input: Any,
        config: RunnableConfig | None = None,
        *,
        judging: bool | None = None,
        nodes: Collection[int] | None = None,
    ) -> tuple[Call, ...]:
        """Let every member answer a question and judge every answer, so that all of it can be replayed.

        Nothing is decided. That takes n calls, and n more for each different answer; what is not said by the deadline
        of a question has failed.

        Parameters
        ----------
        input, config
            As for `invoke`.
        judging : bool, optional
            Whether answers are judged; by default where the panel's rule has them judged.
        nodes : collection of int, optional
            Who is asked; by default everybody.
        """
        return self._background.run(self.asurvey(input, ensure_config(config), judging=judging, nodes=nodes))

    async def asurvey(
        self,
        input: Any,
        config: RunnableConfig | None = None,
        *,
        judging: bool | None = None,
        nodes: Collection[int] | None = None,
    ) -> tuple[Call, ...]:
        """Do the same without waiting."""
        return await self._traced(input, config, partial(self._run.survey, judging=judging, nodes=nodes))

    def stream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[Any]:
        """Ask the panel; yield each `Progress`, and last the `PanelAnswer`."""
        yield from self._background.iterate(self.astream(input, ensure_config(config), **kwargs))

    async def astream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> AsyncIterator[Any]:
        """Ask the panel; yield each `Progress`, and last the `PanelAnswer`."""
        told: asyncio.Queue[Progress | None] = asyncio.Queue()
        decide = partial(self._run.decide, tell=told.put_nowait)
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
        self._run.close()
        if self._local is not None:
            self._local.release()

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
        await self._run.finished()
        crew = self._crews.pop(asyncio.get_running_loop(), None)
        if crew is not None:
            await crew.close()

    async def _crew(self) -> Crew:
        url, loop = await self._local_url(), asyncio.get_running_loop()
        crew = self._crews.get(loop)
        if crew is None:
            crew = self._crews[loop] = muster(self.settings, self._given, url)
        return crew

    async def _local_url(self) -> str | None:
        """Return where the local model is served, which may have to be started; None: no member is one."""
        return None if self._local is None else await asyncio.to_thread(self._local.take)

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
            answer = await work(await self._crew(), question, configure)
        except BaseException as error:
            await run.on_chain_error(error)
            raise
        await run.on_chain_end(answer)
        return answer


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
