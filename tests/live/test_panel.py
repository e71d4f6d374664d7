"""The panel as a LangChain runnable: plain and asynchronous, in batches and streams, traced, cancelled, described."""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import HumanMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI

from bft.errors import BftError, ScenarioError
from bft.live import Panel, PanelAnswer, Progress, State
from bft.live.answer import Stance
from bft.live.fakes import FakeChat, fake
from bft.live.host import AsyncioHost

T = TypeVar("T")
FAIR = ["fake:always=42"] * 3 + ["fake:yes=41"]
Q = "What is six times seven?"


def in_a_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a thread of its own: another test may have left a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def test_it_works_in_plain_code_again_and_again() -> None:
    with Panel(FAIR) as panel:
        assert [panel.invoke(Q).text for _ in range(3)] == ["42"] * 3


@pytest.mark.parametrize(("rule", "replies"), [("pbft", 3), ("plurality", 1)])
def test_a_client_believes_enough_replies(rule: str, replies: int, monkeypatch: pytest.MonkeyPatch) -> None:
    replied: list[int] = []
    undecided = []
    take = AsyncioHost._reply

    def watched(host: AsyncioHost, node: int, effect: Any) -> None:
        take(host, node, effect)
        replied.append(node)
        if not host._ended.done():
            undecided.append(node)

    monkeypatch.setattr(AsyncioHost, "_reply", watched)
    with Panel(["fake:always=42"] * 4, rule=rule) as panel:
        assert panel.invoke(Q).text == "42"
    assert len(undecided) == replies - 1 < len(replied)


def test_it_works_where_a_loop_is_running_already() -> None:
    async def cell() -> tuple[str | None, str | None]:
        async with Panel(FAIR) as panel:
            return panel.invoke(Q).text, (await panel.ainvoke(Q)).text

    assert in_a_loop(cell()) == ("42", "42")


def test_one_panel_serves_one_loop_after_another(endpoint: Any, saying: Any) -> None:
    endpoint.script["honest"] = saying("fake:always=42")
    panel = Panel([endpoint.member("honest", name=str(node)) for node in range(4)])

    async def ask() -> str | None:
        try:
            return (await panel.ainvoke(Q)).text
        finally:
            await panel.aclose()

    assert [in_a_loop(ask()), in_a_loop(ask()), panel.invoke(Q).text] == ["42"] * 3
    panel.close()


@pytest.mark.parametrize("n", [1, 2, 3, 5, 6, 10])
def test_panels_of_any_size_decide(n: int) -> None:
    with Panel(["fake:always=42"] * n) as panel:
        answer = panel.invoke(Q)
        assert (answer.state, answer.text) == (State.DECIDED, "42")
        assert answer.certificate is not None
        assert len(answer.certificate.votes) >= panel.settings.system().quorum


def test_answers_of_a_batch_stand_in_the_order_of_their_questions() -> None:
    class Echo(FakeChat):
        def reply(self, prompt: str) -> str:
            return "VERDICT: ACCEPT" if "PROPOSAL" in prompt else prompt.split("\n")[-2]

    with Panel([Echo(latency_s=0.01) for _ in range(4)]) as panel:
        questions = [f"question {number}" for number in range(12)]
        assert [answer.text for answer in panel.batch(questions)] == questions
        assert [answer.text for answer in panel.batch(questions, {"max_concurrency": 2})] == questions
        assert [answer.text for answer in in_a_loop(panel.abatch(questions))] == questions


def test_a_batch_keeps_errors_at_their_place() -> None:
    with Panel(FAIR) as panel:
        first, second = panel.batch([" ", Q], return_exceptions=True)
    assert isinstance(first, ScenarioError)
    assert second.text == "42"


def test_a_stream_tells_the_progress_and_ends_with_the_answer() -> None:
    with Panel(FAIR, grace_s=10.0) as panel:
        *told, answer = panel.stream(Q)
    assert isinstance(answer, PanelAnswer)
    assert all(isinstance(each, Progress) for each in told)
    assert [each.what for each in told][:2] == ["asked", "proposed"]
    assert [each.what for each in told].count("accepted") == 3
    assert (told[-1].what, told[-1].detail) == ("decided", "42")
    assert [each.at_s for each in told] == sorted(each.at_s for each in told)


def test_a_stream_that_is_left_ends_the_question(endpoint: Any, reply: Any) -> None:
    endpoint.script["hanging"] = lambda *_: reply(hang=True)
    with Panel([endpoint.member("hanging", name=str(node)) for node in range(4)]) as panel:
        stream = panel.stream(Q)
        next(stream)
        assert endpoint.wait_until(lambda: endpoint.of("hanging"))
        stream.close()
        assert endpoint.wait_until(lambda: endpoint.of("hanging")[0].disconnected)


def test_inside_a_chain_only_the_answer_is_passed_on() -> None:
    prompt = ChatPromptTemplate.from_messages([("human", "What is {a} times seven?")])
    with Panel(FAIR) as panel:
        chain = prompt | panel | RunnableLambda(lambda answer: answer.text)
        assert chain.invoke({"a": "six"}) == "42"
        assert list(chain.stream({"a": "six"})) == ["42"]


class Tracer(BaseCallbackHandler):
    def __init__(self) -> None:
        self.started: list[tuple[str, Any, Any, list[str], dict[str, Any]]] = []
        self.ended: list[Any] = []
        self.failed: list[BaseException] = []
        self.lock = threading.Lock()

    def on_chain_start(self, serialized: Any, inputs: Any, **kwargs: Any) -> None:
        self.started.append((kwargs["name"], kwargs["run_id"], None, kwargs["tags"] or [], kwargs["metadata"] or {}))

    def on_chain_end(self, outputs: Any, **kwargs: Any) -> None:
        self.ended.append(outputs)

    def on_chain_error(self, error: BaseException, **kwargs: Any) -> None:
        self.failed.append(error)

    def on_chat_model_start(self, serialized: Any, messages: Any, **kwargs: Any) -> None:
        with self.lock:
            self.started.append(
                (kwargs["name"], kwargs["run_id"], kwargs["parent_run_id"], kwargs["tags"], kwargs["metadata"])
            )


def test_callbacks_tags_and_metadata_reach_every_call_of_a_model() -> None:
    tracer = Tracer()
    with Panel(FAIR, grace_s=10.0) as panel:
        answer = panel.invoke(
            {"question": Q, "id": "q1"},
            {"callbacks": [tracer], "tags": ["exam"], "metadata": {"user": "u"}, "run_name": "exam"},
        )
    (name, run_id, _, tags, metadata), *calls = tracer.started
    assert (name, tags, metadata["user"]) == ("exam", ["exam"], "u")
    assert len(calls) == 4
    assert {parent for _, _, parent, _, _ in calls} == {run_id}
    assert sorted(name for name, *_ in calls) == sorted(
        ["fake:always=42 #1: answer", "fake:always=42 #2: judge", "fake:always=42 #3: judge", "fake:yes=41: judge"]
    )
    assert all("exam" in tags for *_, tags, _ in calls)
    assert all((metadata["user"], metadata["bft_question"]) == ("u", "q1") for *_, metadata in calls)
    assert sorted(metadata["bft_node"] for *_, metadata in calls) == [0, 1, 2, 3]
    assert tracer.ended == [answer]


def test_an_error_is_traced_too() -> None:
    tracer = Tracer()
    with Panel(FAIR) as panel, pytest.raises(ScenarioError, match="question = '': must not be empty"):
        panel.invoke("", {"callbacks": [tracer]})
    assert len(tracer.failed) == 1


def test_cancelling_the_caller_cancels_the_calls(endpoint: Any, reply: Any) -> None:
    endpoint.script["hanging"] = lambda *_: reply(hang=True)

    async def leave() -> None:
        async with Panel([endpoint.member("hanging")]) as panel:
            asking = asyncio.ensure_future(panel.ainvoke(Q))
            while not endpoint.asked:
                await asyncio.sleep(0.01)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            assert asking.cancelled()

    in_a_loop(leave())
    assert endpoint.wait_until(lambda: endpoint.asked[0].disconnected)


def test_everyone_answers_once_where_answers_are_compared() -> None:
    models = [fake("fake:always=42"), fake("fake:always= $42.0"), fake("fake:always=42."), fake("fake:always=41")]
    with Panel(models, check="same_answer", grace_s=10.0) as panel:
        answer = panel.invoke(Q)
    assert (answer.state, answer.text) == (State.DECIDED, "42")
    assert [seat.stance for seat in answer.seats] == [
        Stance.PROPOSED,
        Stance.ACCEPTED,
        Stance.ACCEPTED,
        Stance.REJECTED,
    ]
    assert [model.calls for model in models] == [1, 1, 1, 1]


def test_an_answer_is_worked_out_once_for_all_views() -> None:
    models = [fake("fake:always=1"), fake("fake:always=2"), *(fake("fake:always=3") for _ in range(5))]
    with Panel(models, check="same_answer") as panel:
        answer = panel.invoke(Q)
    assert (answer.text, answer.proposer, len(answer.views)) == ("3", 2, 3)
    assert [model.calls for model in models] == [1] * 7


def test_a_member_asked_again_about_the_same_answer_repeats_itself() -> None:
    models = [fake("fake:yes=41"), fake("fake:yes=41"), *(fake("fake:always=42") for _ in range(2))]
    with Panel(models, grace_s=10.0) as panel:
        answer = panel.invoke(Q)
    assert (answer.text, len(answer.views)) == ("42", 3)
    assert models[2].calls <= 2  # one verdict on 41, which was proposed twice, and an answer


def test_a_last_view_may_be_set() -> None:
    with Panel(["fake:always=41", *FAIR[:3]], views=1) as panel:
        answer = panel.invoke(Q)
    assert (answer.state, answer.why, len(answer.views)) == (State.NO_QUORUM, "views exhausted", 1)


def test_votes_weigh_what_they_stake() -> None:
    models = ["fake:always=42", "fake:always=41", "fake:always=41", "fake:always=41"]
    with Panel(models, stakes=(7, 1, 1, 1)) as panel:
        answer = panel.invoke(Q)
        assert (answer.text, answer.certificate is not None and answer.certificate.verify()) == ("42", True)
    with Panel(models, stakes=(4, 3, 3, 3), views=1) as panel:
        assert panel.invoke(Q).text is None


def test_a_reply_from_a_members_own_cache_is_its_own() -> None:
    models = [fake("fake:always=42") for _ in range(4)]
    with Panel(models, cache_ttl_s=60.0, grace_s=10.0) as panel:
        assert [panel.invoke(Q).state for _ in range(3)] == [State.DECIDED] * 3
    assert [model.calls for model in models] == [1] * 4


def test_a_question_may_be_a_text_messages_or_a_table() -> None:
    with Panel(["fake:always=42"]) as panel:
        assert panel.invoke(HumanMessage(Q)).question == Q
        assert panel.invoke([HumanMessage(Q)]).question == Q
        assert panel.invoke([("system", "Be brief."), ("human", Q)]).question == f"system: Be brief.\n\nhuman: {Q}"
        assert panel.invoke({"question": Q, "id": "7"}).id == "7"
        assert panel.invoke("half a pair: \ud800").question == "half a pair: ?"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (7, "question = 'int': must be a text or messages"),
        ({"q": "x"}, r"question = \['q'\]: must be a table of question, id and gold"),
        ("   ", "question = '': must not be empty"),
        ([], "question = '': must not be empty"),
    ],
)
def test_what_is_no_question_is_refused(given: Any, message: str) -> None:
    with Panel(["fake:always=42"]) as panel, pytest.raises(ScenarioError, match=message):
        panel.invoke(given)


KEYED = "PANEL_TEST_KEY"


@pytest.mark.parametrize(
    ("models", "settings", "message"),
    [
        ([], {}, "members = \\[\\]: "),
        ("fake:yes=1", {}, "models = 'fake:yes=1': must be a list with one model for each node"),
        (
            ["fake:yes=1"],
            {"rule": "paxos"},
            "rule = 'paxos': must be one of pbft, tendermint, quorum, plurality, stake, log_odds, confidence, judge",
        ),
        (["fake:yes=1"], {"check": "oracle"}, "check = 'oracle': must be 'judge' or 'same_answer'"),
        (["fake:yes=1"], {"deadline_s": 0}, "deadline_s = 0: must be more than 0"),
        (["fake:yes=1"], {"deadline_s": math.inf}, "deadline_s = inf: must be a finite number"),
        (["fake:yes=1"], {"quorum": 2}, "quorum = 2: must be between 1 and 1"),
        (["fake:yes=1"], {"stakes": (1, 2)}, "stakes = \\[1.0, 2.0\\]: must have one stake for each"),
        (["fake:yes=1"], {"attempt_timeout_s": 31}, "attempt_timeout_s = 31.0: must be at most 30"),
        (["fake:yes=1"], {"colour": 1}, "colour = 1: unknown key"),
        ([{"model": "fake:yes=1", "name": "a"}, {"model": "fake:yes=1", "name": "a"}], {}, "stands there twice"),
        ([{"model": "fake:yes=1", "api_key": "x"}], {}, r"members.0.api_key = \[redacted\]: unknown key"),
        ([{"model": "m", "base_url": "ftp://x"}], {}, "base_url = 'ftp://x': must begin with http"),
        ([{"name": "x"}], {}, "members.0.model: is needed"),
        (["fake:yes=1"], {"keys": "keys.json"}, "keys = \\[redacted\\]: must be a bft.live.keys.PanelKeys"),
        (["fake:yes=1"], {"record": 5}, "record = 5: must be the path of a file"),
        ([ChatOpenAI(model="m", api_key="k")], {}, "models.0.max_retries = None: must be 0"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_a_panel_is_refused_when_it_is_made(models: Any, settings: Any, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        Panel(models, **settings)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("fake:sing", "model = 'fake:sing': must be fake: and one of always"),
        ("fake:always", "must be fake:always=SOMETHING"),
        ("fake:hang=1", "must be fake:hang"),
        ("fake:error=200", "must be an HTTP status between 400 and 599"),
        ("fake:yes=1+speed=2", "the only options are latency_s"),
        ("fake:yes=1+latency_s=-1", "the only options are latency_s"),
        ("gpt", "members.0.model = 'gpt': must be provider:model"),
        ("nobody:gpt", "members.0.model = 'nobody:gpt': cannot be built: "),
        (
            {"model": "m", "base_url": "http://127.0.0.1:9/v1", "api_key_env": "NO_SUCH_KEY"},
            "api_key_env = 'NO_SUCH_KEY'",
        ),
    ],
)
def test_what_cannot_be_built_is_refused_before_anyone_is_asked(model: Any, message: str) -> None:
    with Panel([model]) as panel, pytest.raises(ScenarioError, match=message):
        panel.check()


def test_a_model_named_for_init_chat_model_does_not_retry_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    from bft.live.members import build
    from bft.live.settings import ModelSettings

    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    chat = build(ModelSettings(model="openai:gpt-4o-mini", options={"temperature": 0.5}), {}, field="model")
    assert isinstance(chat, ChatOpenAI)
    assert (chat.max_retries, chat.model_name, chat.temperature) == (0, "gpt-4o-mini", 0.5)


def test_a_model_object_may_stand_in_a_table_with_its_price() -> None:
    member = {"model": fake("fake:always=42"), "name": "mine", "price_in": 1.0, "price_out": 1.0}
    with Panel([member]) as panel:
        answer = panel.invoke(Q)
    assert answer.seats[0].member == "mine"
    assert answer.cost is not None
    assert math.isclose(answer.cost, (answer.tokens_in + answer.tokens_out) / 1e6)


def test_a_panel_that_is_forgotten_leaves_nothing_behind() -> None:
    code = """
import warnings; warnings.simplefilter("error")
from bft.live import Panel
print(Panel(["fake:always=42"]).invoke("?").text)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("42\n", "")


def test_a_panel_that_is_closed_ends_its_thread() -> None:
    before = threading.active_count()
    panel = Panel(FAIR)
    panel.invoke(Q)
    panel.close()
    panel.close()
    assert threading.active_count() == before


@pytest.mark.parametrize("missing", ["langchain_core", "cryptography"])
def test_a_missing_extra_is_named(missing: str) -> None:
    code = f"""
import sys; sys.modules[{missing!r}] = None
import bft.live
try:
    bft.live.Panel
except bft.live.MissingExtraError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "a live panel needs the extra 'langchain': pip install 'bft-lab[langchain]'\n"


def test_the_room_has_no_other_names() -> None:
    import bft.live

    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        bft.live.nothing  # noqa: B018
    assert issubclass(bft.live.MissingExtraError, BftError)
