"""Does a forecast from recorded answers hold for a live panel of real replies?

Samples of one small real model (SmolLM2-135M-Instruct, on this machine) answer 300 questions by `bft survey`. From that
table right, wrong and no decision are forecast for panels of four and of seven of them. Then live panels decide 300
fresh questions, by a quorum, by plurality and by PBFT, and each share is put beside its prediction interval. The model
of errors, fitted to the same table, stands beside the forecast where a quorum decides.

Questions ask for one digit, which a grammar enforces: a call then writes one token. They are of kinds of which the
model knows some better than others, drawn from all of them. PBFT compares own answers, as in a simulation
(`check = "same_answer"`). Each call carries a seed that follows from seat and prompt (`seeded`), so a seat that is
asked the same by another panel would say the same: such a call is sent once and then answered from the file of calls.
A script that was interrupted goes on from there.

Expected: a 95 % interval holds its share 19 times out of 20; 18 of 18 did. The panels answer the same questions, and
PBFT decides what a quorum of the same answers does, so that these are not 18 trials. Seven samples decide no more
questions right than four: most of what they agree on is what their model is sure of, and wrong about.

Run time: about 4 CPU-minutes; what was asked before is not asked again.

    python simulations/live_shares.py --out out/live_shares
    python simulations/live_shares.py --questions 40 --rules quorum
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
import threading
from argparse import ArgumentParser
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import tomli_w

from bft.calibration.fitting import fit
from bft.calibration.forecast import forecast
from bft.calibration.outcomes import OUTCOMES, Deciding
from bft.cli import main as bft
from bft.experiments.tables import align
from bft.live import Panel
from bft.live.local.model import model_file
from bft.live.local.process import LocalServer
from bft.randomness import Randomness
from bft.validators.canonical import canonical
from bft.validators.tables import load_answers

QUESTIONS = 300  # in the table, and as many fresh ones
SIZES = (4, 7)
RULES = ("quorum", "plurality", "pbft")
LEVEL = 0.95
SEED = 1
AT_ONCE = 1  # question at a time: its samples share the prompt that the model has just read
MODEL = "smollm2"
TEMPERATURE = 0.7
DIGIT = "root ::= [0-9]"
PATIENT = {"deadline_s": 7200.0, "call_deadline_s": 2400.0, "attempts": 1, "breaker_failures": 0}  # for a busy machine
WORDS = """
apple bed bread bridge brother butter candle car cat chair church cloud coat corn daughter dog door dream ear egg farmer
field fire fish flower forest garden glass gold grass hand harbour horse house ice island kitchen knife ladder lamp leaf
letter machine milk mirror moon morning mountain music night ocean paper pen plant rain ring river road rope salt school
sea shirt sister snow stone street sugar sun table teacher tree uncle water wind
"""

Ask = Callable[[bytes], bytes]


class Seen(NamedTuple):
    """One outcome of one panel: what was forecast and what came."""

    n: int
    rule: str
    outcome: str
    forecast: float
    fresh_low: float
    fresh_high: float
    fitted: float | None
    live: float

    @property
    def inside(self) -> bool:
        """Whether the live share is in the prediction interval."""
        return self.fresh_low <= self.live <= self.fresh_high


def pool() -> list[tuple[str, str]]:
    """Return all questions with their right answers, of ten kinds."""
    made: list[tuple[str, int]] = []
    digits = range(10)
    pairs = [(a, b) for a in digits for b in digits]
    made += [(f"What is {a} + {b}?", a + b) for a, b in pairs if a + b < 10]
    made += [(f"What is {a + b} - {b}?", a) for a, b in pairs if b]
    made += [(f"What is {a} times {b}?", a * b) for a, b in pairs if a and b and a * b < 10]
    made += [(f"Which is larger, {a} or {b}?", max(a, b)) for a, b in pairs if a != b]
    made += [(f"Which is smaller, {a} or {b}?", min(a, b)) for a, b in pairs if a != b]
    made += [(f"What number comes after {a}?", a + 1) for a in range(9)]
    made += [(f"What is half of {2 * a}?", a) for a in range(1, 10)]
    made += [(f"How many letters are in the word {word}?", len(word)) for word in WORDS.split()]
    made += [(f"What is the last digit of {number}?", number % 10) for number in range(103, 1000, 7)]
    made += [(f"What is the first digit of {number}?", number // 100) for number in range(101, 1000, 11)]
    return [(question, str(gold)) for question, gold in made]


def drawn(questions: int) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return the questions of the table and the fresh ones, no question twice."""
    every = pool()
    if not 4 <= questions <= len(every) // 2:
        raise SystemExit(f"--questions {questions}: must be between 4 and {len(every) // 2}")
    order = Randomness(SEED).generator("live_shares.questions").permutation(len(every)).tolist()
    made = [{"id": f"q{place}", "question": every[place][0], "gold": every[place][1]} for place in order]
    return made[:questions], made[questions : 2 * questions]


@contextlib.contextmanager
def remembering(file: Path, ask: Ask, asked: Counter[str]) -> Iterator[str]:
    """Serve on loopback what `ask` says to each body, and say to the same body the same again without asking."""
    kept: dict[str, str] = {}
    if file.exists():
        whole = [line for line in file.read_text("utf-8").split("\n")[:-1] if line]
        kept = {each["asked"]: each["said"] for each in map(json.loads, whole)}
    writing, under_way = threading.Lock(), defaultdict[str, threading.Lock](threading.Lock)

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            name = body.decode()
            with writing:
                mine = under_way[name]
            with mine:
                asked["from the file" if name in kept else "sent"] += 1
                if name not in kept:
                    kept[name] = ask(body).decode()
                    with writing, file.open("a", encoding="utf-8") as lines:
                        lines.write(json.dumps({"asked": name, "said": kept[name]}) + "\n")
            said = kept[name].encode()
            with contextlib.suppress(OSError):  # whoever asked has heard enough
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Endpoint) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


@contextlib.contextmanager
def local_model(threads: int | None) -> Iterator[Ask]:
    """Start the local model when it is first asked, and end it."""
    started: list[LocalServer] = []
    starting = threading.Lock()

    def ask(body: bytes) -> bytes:
        with starting:
            if not started:
                started.append(LocalServer(model_file(tell=print), slots=1, context=512, threads=threads))
        address = f"{started[0].url}/chat/completions"
        said = httpx.post(address, content=body, headers={"Content-Type": "application/json"}, timeout=2400.0)
        return said.raise_for_status().content

    yield ask
    for server in started:
        server.stop()


def panel_table(url: str, n: int) -> dict[str, Any]:
    """Return the description of a panel of n samples."""
    role = {"forms": ["grammar"], "reasoning": False, "grammar": DIGIT}
    member = {"model": MODEL, "base_url": url, "seeded": True, "options": {"temperature": TEMPERATURE, "max_tokens": 4}}
    members = [{**member, "name": f"{MODEL} #{number}"} for number in range(1, n + 1)]
    return {"members": members, "roles": {"poll": role, "propose": role}, **PATIENT}


def surveyed(url: str, questions: Sequence[dict[str, str]], folder: Path) -> Path:
    """Ask seven samples every question by `bft survey`, and return the table."""
    asked, panel, table = folder / "questions.jsonl", folder / "panel.toml", folder / "answers.csv"
    asked.write_text("".join(json.dumps(each) + "\n" for each in questions), encoding="utf-8")
    panel.write_text(tomli_w.dumps(panel_table(url, max(SIZES))), encoding="utf-8")
    words = ["survey", str(asked), "--panel", str(panel), "--out", str(table), "--at-once", str(AT_ONCE)]
    if (code := bft(words)) != 0:
        raise SystemExit(code)
    return table


async def decided(url: str, questions: Sequence[dict[str, str]], n: int, rule: str) -> Counter[str]:
    """Let a live panel decide the questions, and count the outcomes."""
    described = panel_table(url, n)
    more: dict[str, Any] = {"check": "same_answer"} if rule == "pbft" else {}
    found: Counter[str] = Counter()
    places = asyncio.Semaphore(AT_ONCE)
    async with Panel(described.pop("members"), rule=rule, reproducible=True, **more, **described) as panel:

        async def ask(question: dict[str, str]) -> None:
            async with places:
                answer = await panel.ainvoke({"question": question["question"], "id": question["id"]})
            if answer.text is None:
                found["none"] += 1
            else:
                assert answer.certificate is not None
                assert answer.certificate.verify(panel.public_keys)
                found["right" if canonical(answer.text) == question["gold"] else "wrong"] += 1

        await asyncio.gather(*map(ask, questions))
    return found


def main(
    out: str | None = None,
    questions: int = QUESTIONS,
    rules: Sequence[str] = RULES,
    *,
    threads: int | None = None,
    ask: Ask | None = None,
) -> list[Seen]:
    """Survey, forecast, decide live, print and return what was seen."""
    folder = Path(tempfile.mkdtemp() if out is None else out)
    folder.mkdir(parents=True, exist_ok=True)
    table, fresh = drawn(questions)
    asked: Counter[str] = Counter()
    found = []
    with contextlib.ExitStack() as stack:
        ask = ask or stack.enter_context(local_model(threads))
        url = stack.enter_context(remembering(folder / "calls.jsonl", ask, asked))
        answers = load_answers(surveyed(url, table, folder))
        quality = fit(answers, [MODEL], options=9, resamples=1, splits=1).numbers.fit
        assert quality is not None
        fitted = {each.n: each for each in quality.outcomes}
        for n in sorted(SIZES, reverse=True):  # the larger panel asks everybody whom the smaller one asks
            for rule in sorted(rules, key=RULES[::-1].index):
                deciding: Deciding = "plurality" if rule == "plurality" else "quorum"
                shares = forecast(answers, [f"{MODEL}*{n}"], rule=deciding, fresh=questions, level=LEVEL).shares
                came = asyncio.run(decided(url, fresh, n, rule))
                by_fit = fitted[n] if deciding == "quorum" else None
                for share in shares:
                    by = {"right": "correct", "none": "missing"}.get(share.outcome, share.outcome)
                    found.append(
                        Seen(
                            n,
                            rule,
                            share.outcome,
                            share.share,
                            share.fresh_low,
                            share.fresh_high,
                            None if by_fit is None else getattr(by_fit, by).fitted,
                            came[share.outcome] / questions,
                        )
                    )
    found.sort(key=lambda seen: (seen.n, RULES.index(seen.rule), OUTCOMES.index(seen.outcome)))
    header = ["n", "rule", "outcome", "forecast", f"{LEVEL:.0%} of fresh", "by fit", "live", "inside"]
    rows = [
        [
            str(seen.n),
            seen.rule,
            seen.outcome,
            f"{seen.forecast:.3f}",
            f"{seen.fresh_low:.3f}-{seen.fresh_high:.3f}",
            "" if seen.fitted is None else f"{seen.fitted:.3f}",
            f"{seen.live:.3f}",
            "yes" if seen.inside else "no",
        ]
        for seen in found
    ]
    print(align([header, *rows]))
    inside = sum(seen.inside for seen in found)
    print(
        f"{inside} of {len(found)} inside; {asked['sent']} calls sent, {asked['from the file']} from the file of calls"
    )
    return found


if __name__ == "__main__":
    parser = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", metavar="FOLDER", help="where calls and answers are kept, to go on later")
    parser.add_argument("--questions", type=int, default=QUESTIONS)
    parser.add_argument("--rules", nargs="+", choices=RULES, default=RULES)
    parser.add_argument("--threads", type=int, help="of the local model; by default one for each processor")
    arguments = parser.parse_args()
    main(arguments.out, arguments.questions, arguments.rules, threads=arguments.threads)
