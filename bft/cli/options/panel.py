"""The options of `bft panel` and `bft serve`."""

from __future__ import annotations

from argparse import ArgumentParser, BooleanOptionalAction
from typing import Any

from bft.cli.options.names import NAMES, Names
from bft.cli.options.numbers import number, whole


def add_panel(commands: Any) -> None:
    """Add `bft panel`."""
    command = commands.add_parser(
        "panel",
        help="put a question to a panel of live models",
        description="Put a question to a panel of models that decide by Byzantine agreement, or by a ballot.",
        epilog="""models: provider:model as LangChain's init_chat_model knows it; fake:… needs neither key nor network,
  local is a small model on this machine (bft local)

examples:
  bft panel "What is six times seven?" --models fake:always=42,fake:always=42,fake:always=42,fake:yes=41
  bft panel "Is 7 prime?" --models openai:gpt-4o-mini,mistralai:mistral-small,groq:qwen3,xai:grok-4 --json
  bft panel - --panel panel.toml --record out/panel.jsonl < question.txt
  bft panel "Is 7 prime?" --models A,B,C,D --rule quorum --quorum 3
  bft panel "How large is pi?" --models A,B,C,D --rule quorum --compare '{kind = "tolerance", absolute = 0.01}'
  bft panel "Is 7 prime?" --models A,B,C,D --forms structured --reproducible --min-providers 3
  bft panel "Is 7 prime?" --models local,local,local,local --rule quorum
  bft panel "Is 7 prime?" --models A,B,C --rule '{kind = "log_odds", accuracy = [0.9, 0.8, 0.6]}'

rules, and what each promises while the panel's own nodes are honest:
  pbft        one member proposes, the others check, a quorum commits: no second answer can be decided
  tendermint  the same in rounds; whoever has seen a quorum accept an answer stands by it
  quorum      all answer; a quorum gave this answer: the same while fewer than 2q - n vote twice; one phase
  judge       all answer, then judge; the most approved answer that has a quorum; others may have one as well
  plurality   the most votes, however few: with most members down, two that are wrong decide
  stake       the most stake, however few hold it (--stakes 4,1,1,1)
  log_odds    the most evidence by the accuracies given, which nobody checks
  confidence  the most stated confidence: a liar says 1.0
A call that failed is an abstention under every rule.

exit codes: 0 decided (or degraded), 1 nothing was decided, 2 bad input, 130 interrupted""",
    )
    command.add_argument("question", metavar="QUESTION", help="the question, or - to read it from stdin")
    _members(command)
    command.add_argument("--json", action="store_true", help="print one JSON object, the certificate in it")
    command.add_argument("--quiet", action="store_true", help="no progress")
    command.set_defaults(carry_out=("bft.cli.panel", "panel_command"))


def add_serve(commands: Any) -> None:
    """Add `bft serve`."""
    command = commands.add_parser(
        "serve",
        help="a panel as a service that speaks OpenAI's chat completions",
        description="Serve a panel: clients of OpenAI's chat completions use it as if it were one model.",
        epilog="""examples:
  bft serve --models fake:always=42,fake:always=42,fake:always=42,fake:yes=41 --port 8000
  bft serve --panel panel.toml --host 0.0.0.0 --api-key-env PANEL_KEY

a key is needed unless the service listens on this machine alone""",
    )
    _members(command)
    command.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    command.add_argument("--port", type=whole, default=8000, help="0: any that is free (default: 8000)")
    command.add_argument("--api-key-env", metavar="NAME", help="environment variable with the key that clients show")
    command.add_argument("--name", default="panel", help="what clients call the panel (default: panel)")
    command.add_argument("--max-questions", type=whole, default=8, help="questions at a time (default: 8)")
    command.add_argument("--max-body-bytes", type=whole, default=2**20, help="longest request (default: 1 MiB)")
    command.set_defaults(carry_out=("bft.cli.panel", "serve_command"))


def add_mcp(commands: Any) -> None:
    """Add `bft mcp`."""
    command = commands.add_parser(
        "mcp",
        help="a panel, tallies and designs as tools for MCP clients",
        description="Serve tools to a client of the Model Context Protocol, on stdin and stdout.",
        epilog="""tools:
  ask_panel      put a question to the panel (only with --models or --panel)
  check_tally    is 3 of 5 with one failed call safe?
  design_panel   which models to ask, by which rule and quorum, for accuracies that are known

examples:
  bft mcp
  bft mcp --models fake:always=42,fake:always=42,fake:always=42,fake:yes=41
  bft mcp --panel panel.toml

in a client's configuration: {"mcpServers": {"bft": {"command": "bft", "args": ["mcp", "--panel", "panel.toml"]}}}""",
    )
    _members(command)
    command.set_defaults(carry_out=("bft.cli.mcp", "mcp_command"))


def _members(command: ArgumentParser) -> None:
    command.add_argument("--models", action=Names, **NAMES, help="one model for each node")
    command.add_argument("--panel", metavar="FILE", help="panel in TOML: members with names, endpoints, prices")
    command.add_argument("--rule", help="name or table of the rule by which they decide (default: pbft)")
    command.add_argument("--check", help="pbft: judge, or same_answer (default: judge)")
    command.add_argument("--deadline", dest="deadline_s", type=number, metavar="S", help="for the whole question")
    command.add_argument("--call-deadline", dest="call_deadline_s", type=number, metavar="S", help="for one call")
    command.add_argument("--grace", dest="grace_s", type=number, metavar="S", help="wait for late members so long")
    command.add_argument("--compare", help="name or table: when two answers are the same (default: canonical)")
    command.add_argument("--forms", help="forms of reply: text, structured, or a list in order (default: text)")
    command.add_argument("--reproducible", action="store_const", const=True, help="the same question in the same words")
    command.add_argument("--min-providers", type=whole, metavar="K", help="providers that must stand behind an answer")
    command.add_argument("--max-cost", type=number, metavar="X", help="what a question may cost, in the prices' unit")
    command.add_argument("--attempts", type=whole, help="attempts of a call on each model")
    command.add_argument(
        "--views", type=whole, help="pbft: members that may propose, one after the other (default: all)"
    )
    command.add_argument("--f", type=whole, help="faulty members tolerated (default: the most possible)")
    command.add_argument("--quorum", type=whole, help="members that decide (default: the right number)")
    command.add_argument("--stakes", type=_list, metavar="S,S,...", help="stake of each member (default: all the same)")
    command.add_argument("--keys", metavar="FILE", help="keep the panel's signing keys there; made if it is not there")
    command.add_argument("--record", metavar="FILE", help="append what is said to a file, to replay it")
    command.add_argument(
        "--finish",
        action=BooleanOptionalAction,
        help="with --record: wait for calls that the decision no longer needs, or cancel them (default: wait 2 s)",
    )


def _list(words: str) -> str:
    return words if words.startswith("[") else f"[{words}]"
