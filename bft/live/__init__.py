"""Live panels: real models behind the replicas of the laboratory.

    from bft.live import Panel

    panel = Panel(["openai:gpt-4o-mini", {"model": "qwen3", "base_url": "http://127.0.0.1:11434/v1"}, …])
    answer = panel.invoke("Is 7 prime?")
    answer.state, answer.text, answer.certificate

`panel` is the front door; `rule_settings` says by which rules a panel may decide and what each promises, `host` runs
the replicas on asyncio, `pbft_validators` lets models propose and judge, `ballot_validators` lets them vote,
`certificate` proves to third parties what was decided, `recorder` writes down what was said so that it can be replayed
(`bft.validators.panel_record`), `service` speaks OpenAI's chat completions.

This is the only room where clocks and unseeded randomness decide what happens.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bft.live.extra import PACKAGES, MissingExtraError

if TYPE_CHECKING:
    from bft.live.answer import PanelAnswer, Progress, State
    from bft.live.certificate import Certificate
    from bft.live.chat_model import NoQuorumError, PanelChat, ServedPanelChat, certificate_of
    from bft.live.keys import PanelKeys
    from bft.live.panel import Panel

__all__ = [
    "Certificate",
    "MissingExtraError",
    "NoQuorumError",
    "Panel",
    "PanelAnswer",
    "PanelChat",
    "PanelKeys",
    "Progress",
    "ServedPanelChat",
    "State",
    "certificate_of",
]

_PLACES = {
    "Certificate": "certificate",
    "NoQuorumError": "chat_model",
    "Panel": "panel",
    "PanelAnswer": "answer",
    "PanelChat": "chat_model",
    "PanelKeys": "keys",
    "Progress": "answer",
    "ServedPanelChat": "chat_model",
    "State": "answer",
    "certificate_of": "chat_model",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'bft.live' has no attribute {name!r}")
    try:
        return getattr(import_module(f"bft.live.{_PLACES[name]}"), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in PACKAGES:
            raise MissingExtraError("a live panel") from None
        raise
