"""`bft panel`: put a question to a panel of models. `bft serve`: let others put theirs."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bft.cli.output import complain, excerpt, tell
from bft.errors import ScenarioError
from bft.experiments.axes import read_value
from bft.live.extra import PACKAGES, MissingExtraError
from bft.scenario import read_toml

if TYPE_CHECKING:
    from bft.live.answer import PanelAnswer, Progress
    from bft.live.panel import Panel

WIDEST = 40
IN_VIEWS = ("pbft", "tendermint")
"""Rules under which one member proposes and the others check."""
"""Longer answers are cut where they are listed."""

DECIDED, NO_QUORUM, INTERRUPTED = 0, 1, 130
_OPTIONS = (
    "rule",
    "check",
    "deadline_s",
    "call_deadline_s",
    "attempts",
    "views",
    "f",
    "quorum",
    "stakes",
    "grace_s",
    "max_cost",
    "max_total_cost",
    "min_providers",
    "compare",
    "reproducible",
    "finish",
)
_MARKS = {
    "proposed": "proposes",
    "answered": "answers",
    "approved": "approves of",
    "failed": "failed:",
    "unparseable": "cannot be read",
}


def panel_command(arguments: Namespace) -> int:
    """Ask, print, and return 0 if the panel decided, 1 if it did not."""
    question = sys.stdin.read() if arguments.question == "-" else arguments.question
    with needing_the_extra():
        from bft.live.question import question_of

        question_of(question)
        with panel_of(arguments) as panel:
            answer = _ask(panel, question, quiet=arguments.quiet)
            tell(json.dumps(answer.to_json(), indent=2) if arguments.json else readable(answer))
    return NO_QUORUM if answer.text is None else DECIDED


def serve_command(arguments: Namespace) -> int:
    """Serve until interrupted."""
    with needing_the_extra():
        from bft.live.server import Server
        from bft.live.service import Service
        from bft.live.service_settings import ServiceSettings, key_from

        settings = ServiceSettings(
            name=arguments.name,
            host=arguments.host,
            port=arguments.port,
            api_key=key_from(arguments.api_key_env),
            max_questions=arguments.max_questions,
            max_body_bytes=arguments.max_body_bytes,
        )
        panel = panel_of(arguments)
        panel.check()

        def announce(url: str) -> None:
            complain(f"listening on {url}, model {settings.name!r}")
            _warn(panel)

        Server(Service(panel, settings), announce=announce).run()
    return DECIDED


def readable(answer: PanelAnswer) -> str:
    """Return what became of a question, for reading."""
    lines = {"state": answer.state.value.replace("_", " ") + (f" ({answer.why})" if answer.why else "")}
    if answer.caveats:
        lines["state"] += "".join(f"\n{'':12}{told}" for told in answer.caveats)
    ballot = answer.rule not in IN_VIEWS
    if answer.text is not None and answer.proposer is not None:
        lines["answer"] = answer.text.replace("\n", f"\n{'':12}")
        lines["words of" if ballot else "proposed by"] = answer.seats[answer.proposer].member
    for seat in answer.seats:
        told = seat.stance.value + (f": {seat.reason}" if seat.reason else "")
        if ballot and seat.answer is not None:
            told += f" ({' '.join(seat.answer.split())[:WIDEST]})"
        if not seat.as_stated:
            told += f", through {seat.model}"
        lines[f"node {seat.node}"] = (
            f"{told + (', signed' if seat.signed else ''):<22} {seat.member} ({seat.latency_s:.2f} s)"
        )
    unread = answer.unreadable
    if unread is not None:
        lines["unreadable"] = f"{unread.member} wrote: {excerpt(unread.text or '')}"
    cost = "unknown" if answer.cost is None else f"{answer.cost:.6f}"
    took = f"{len(answer.calls)} calls, {answer.latency_s:.2f} s"
    if ballot:
        lines["ballot"] = f"{rule_words(answer.rule)}, {took}"
    else:
        lines["views"] = f"{len(answer.views)}, {took}"
    lines["tokens"] = f"{answer.tokens_in} read, {answer.tokens_out} written, cost {cost}"
    if answer.certificate is not None:
        certificate = answer.certificate
        by = f", quorum {certificate.quorum} of {sum(certificate.weights)}"
        by = by if has_quorum(answer.rule) else f" by {certificate.rule.kind}"
        lines["certificate"] = f"{len(certificate.votes)} signed votes{by}, digest {certificate.digest[:16]}…"
    return "\n".join(f"{name:<11} {value}" for name, value in lines.items())


def rule_words(rule: str | dict[str, Any]) -> str:
    """Return a rule in words: its name and its parameters."""
    if isinstance(rule, str):
        return rule
    return " ".join([rule["kind"], *(f"{name}={value}" for name, value in rule.items() if name != "kind")])


def has_quorum(rule: str | dict[str, Any]) -> bool:
    """Return whether a rule counts by a quorum."""
    return (rule if isinstance(rule, str) else rule["kind"]) in (*IN_VIEWS, "quorum", "judge")


def panel_of(arguments: Namespace, *, short_answers: bool = False) -> Panel:
    """Return the panel that options and file describe; with short answers where a rule has texts judged by itself.

    Raises `ScenarioError` if they describe none.
    """
    from bft.live.keys import PanelKeys
    from bft.live.panel import Panel
    from bft.live.settings import PanelSettings

    given = {name: value for name in _OPTIONS if (value := getattr(arguments, name, None)) is not None}
    for name in ("rule", "stakes", "compare"):  # a name or a table, a list
        if name in given:
            given[name] = read_value(given[name])
    table: Mapping[str, Any] = {} if arguments.panel is None else read_toml(arguments.panel)
    if arguments.models is not None:
        if arguments.panel is not None:
            raise ScenarioError("--models: must not be given together with --panel")
        table = {"members": [{"model": model.strip()} for model in arguments.models.split(",")]}
    elif arguments.panel is None:
        raise ScenarioError("models: name them with --models A,B,C,D or in a file with --panel FILE")
    if getattr(arguments, "forms", None) is not None:
        given["roles"] = _in_forms(table.get("roles"), read_value(arguments.forms))
    settings = PanelSettings(**{**table, **given})
    if short_answers and settings.check is None and settings.rule.kind in IN_VIEWS:
        settings = settings.model_copy(update={"check": "same_answer"})
    n = len(settings.members)
    keys = None if getattr(arguments, "keys", None) is None else PanelKeys.kept_in(arguments.keys, n)
    return Panel.of(settings, keys=keys, record=arguments.record)


def _in_forms(roles: object, forms: object) -> dict[str, Any]:
    """Return the roles of a panel with these forms of reply in each."""
    from bft.live.roles import ROLES

    known = roles if isinstance(roles, Mapping) else {}
    return {name: {**known.get(name, {}), "forms": forms} for name in ROLES}


def _warn(panel: Panel) -> None:
    """Say what the panel's rule does not promise."""
    for told in panel.settings.caveats:
        complain(f"warning: {told}")


def _ask(panel: Panel, question: str, *, quiet: bool) -> PanelAnswer:
    """Ask, and tell the progress on stderr."""
    from bft.live.answer import PanelAnswer

    for number, told in enumerate(panel.stream(question)):
        if number == 0:  # its models can be built, so there is a panel to speak of
            _warn(panel)
        if isinstance(told, PanelAnswer):
            return told
        if not quiet and told.what != "asked":
            complain(_progress(told, panel.settings.rule.kind in IN_VIEWS))
    raise AssertionError("a stream ends with the answer")


def _progress(told: Progress, in_views: bool) -> str:
    who = f"{told.member} " if told.member else ""
    view = f"view {told.view}  " if in_views else ""
    return f"{told.at_s:6.2f} s  {view}{who}{_MARKS.get(told.what, told.what)} {told.detail}".rstrip()


class needing_the_extra:  # noqa: N801 (reads as what it is: a guard around a block)
    """Turns a package that is missing into a sentence that says what to install."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] in PACKAGES:
            raise MissingExtraError("a live panel") from None
