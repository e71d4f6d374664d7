"""What a model thinks before it answers is not its answer: from a reply to what is left without thoughts.

    thought  =  opening … closing, of any kind below; thoughts may hold thoughts
    lone closing   all before it was thought: chat templates write the opening into the prompt
    lone opening   the reply is unreadable: nobody knows where the thought would have ended

Which words name a thought stands in `STEMS`; a tag with another name is none (what it may hide is left to `page`).
A delimiter between back quotes is spoken of, not used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

STEMS = (
    "think",
    "thought",
    "reason",
    "reflect",
    "analy",
    "scratchpad",
    "deliberat",
    "ponder",
    "contemplat",
    "monolog",
    "rationale",
    "chainofthought",
    "introspect",
    "brainstorm",
    "musing",
    "innerprefix",
    "innersuffix",
    "unused94",
    "unused95",
)
"""A delimiter whose name holds one of these, white space and punctuation left out, delimits a thought."""

_KINDS = {"innerprefix": "inner", "innersuffix": "inner", "unused94": "unused", "unused95": "unused"}
_KINDS |= {"think": "thought", "chainofthought": "thought"}
_CLOSING_NAMES = ("innersuffix", "unused95")
_ENDINGS = ("end", "stop", "close")
_FINAL_CHANNELS = ("final", "answer")
_NEVER_LONE = ("details", "heading")
"""Closings that are ordinary words or markup where nothing was opened."""

_TOKEN = re.compile(
    r"<\|(?:channel|im_start)\|?>\s{0,3}(?P<channel>[a-z_]{1,20})"  # <|channel|>analysis<|message|>, <|channel>thought
    r"|(?P<end><\|(?:end|return|call|im_end)\|>|<channel\|>)"
    r"|(?P<markup><\|(?:start\|>\s{0,3}assistant|(?:message|start|(?:begin_of|end_of)_solution|(?:start|end)_(?:response|text)"
    r"|eot_id|endoftext)\|>))"
    r"|<[|｜](?P<bar_slash>/?)(?P<bar>[\w\s▁.:-]{1,40})[|｜]>"  # <|begin_of_thought|>, <|START_THINKING|>
    r"|(?:<|＜|&lt;)\s{0,3}(?P<slash>/?)\s{0,3}(?P<tag>[a-z][\w:.-]{0,40})(?P<rest>[^<>＜＞&]{0,200})(?:>|＞|&gt;)"
    r"|(?-i:\[(?P<square_slash>/?)(?P<square>THINK|THINKING|THOUGHT|THOUGHTS|REASONING)\])"
    r"|◁(?P<fancy_slash>/?)(?P<fancy>\w{1,40})▷"
    r"|^[*_#\s]{0,5}here(?:'s|’s|\sis)\smy\s(?P<heading>thought\sprocess|response)\s?:[*_]{0,3}",
    re.IGNORECASE | re.MULTILINE,
)
_BARE_CHANNELS = re.compile(r"\s{0,5}(?:analysis|commentary)(?=[A-Z])")
_BARE_FINAL = "assistantfinal"
"""Channels whose special tokens were left out by a server: analysisThe user asks …assistantfinal42."""


class _What(Enum):
    OPENS = "opens"
    CLOSES = "closes"
    FINAL = "final"
    MARKUP = "markup"


class _Delimiter(NamedTuple):
    what: _What
    kind: str
    start: int
    end: int


def without_thoughts(reply: str) -> str | None:
    """Return what is left of a reply without thoughts, stripped; None where a thought is left open.

    Examples
    --------
    >>> [without_thoughts(f"{thought} 42") for thought in ("<think>6 · 7</think>", "6 · 7</think>", "<think>6 · 7")]
    ['42', '42', None]
    """
    if _BARE_CHANNELS.match(reply):
        _, found, after = reply.rpartition(_BARE_FINAL)
        return after.strip() if found else None
    kept: list[str] = []
    open_kinds: list[str] = []
    how_many: Counter[str] = Counter()
    at = 0
    for delimiter in _delimiters(reply):
        if not open_kinds:
            kept.append(reply[at : delimiter.start])
        at = delimiter.end
        if delimiter.what is _What.OPENS:
            open_kinds.append(delimiter.kind)
            how_many[delimiter.kind] += 1
        elif delimiter.what is _What.CLOSES and how_many[delimiter.kind]:
            while True:  # what was opened inside ends with it
                ended = open_kinds.pop()
                how_many[ended] -= 1
                if ended == delimiter.kind:
                    break
        elif delimiter.what in (_What.CLOSES, _What.FINAL) and not open_kinds and delimiter.kind not in _NEVER_LONE:
            kept.clear()
    if open_kinds:
        return None
    kept.append(reply[at:])
    return "".join(kept).strip()


@lru_cache(maxsize=1024)
def names_thought(name: str) -> str | None:
    """Return which kind of thought a name means; None: it means none."""
    plain = re.sub(r"[\W_]", "", name).casefold()
    if plain == "cot":
        return "thought"
    stem = next((stem for stem in STEMS if stem in plain), None)
    return None if stem is None else _KINDS.get(stem, stem)


def _delimiters(reply: str) -> Iterator[_Delimiter]:
    channel_open = False
    for token in _TOKEN.finditer(reply):
        start, end = token.span()
        if reply[start - 1 : start] == "`" == reply[end : end + 1]:
            continue
        if token["channel"]:
            if channel_open:
                yield _Delimiter(_What.CLOSES, "channel", start, start)
            name = token["channel"].lower()
            channel_open = name not in _FINAL_CHANNELS and name not in ("assistant", "user", "system")
            yield _Delimiter(_What.OPENS if channel_open else _What.FINAL, "channel", start, end)
        elif token["end"]:
            what = _What.CLOSES if channel_open or token["end"] == "<channel|>" else _What.MARKUP
            channel_open = False
            yield _Delimiter(what, "channel", start, end)
        elif token["markup"]:
            yield _Delimiter(_What.MARKUP, "", start, end)
        elif token["heading"]:
            opens = token["heading"].lower().startswith("thought")
            yield _Delimiter(_What.OPENS if opens else _What.CLOSES, "heading", start, end)
        else:
            found = _named(token)
            if found is not None:
                yield _Delimiter(*found, start, end)


def _named(token: re.Match[str]) -> tuple[_What, str] | None:
    name = token["bar"] or token["tag"] or token["square"] or token["fancy"] or ""
    rest = token["rest"] or ""
    slash = token["bar_slash"] or token["slash"] or token["square_slash"] or token["fancy_slash"]
    if name.lower() == "details" and (slash or names_thought(rest)):
        return (_What.CLOSES if slash else _What.OPENS), "details"
    kind = names_thought(name)
    if kind is None:
        return None
    if rest.rstrip().endswith("/"):
        return _What.MARKUP, kind
    return (_What.CLOSES if slash or _closes(name, in_bars=bool(token["bar"])) else _What.OPENS), kind


@lru_cache(maxsize=1024)
def _closes(name: str, *, in_bars: bool) -> bool:
    plain = re.sub(r"[\W_]", "", name).casefold()
    ends = in_bars and (plain.startswith(_ENDINGS) or plain.endswith(_ENDINGS))
    return ends or plain in _CLOSING_NAMES
