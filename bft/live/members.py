"""From the description of a member to chat models that can be asked.

Models that are built here have their own retries off and their own HTTP client, which pays no attention to proxies
for addresses on this machine. They belong to one event loop, for that is where their connections live; `Crew` is the
members of a panel on one loop. How a call is tried again is left to the pipeline, which `calls` runs.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import ip_address
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from langchain_core.language_models.chat_models import BaseChatModel
from pydantic import ValidationError

from bft.errors import ScenarioError, bad_value
from bft.live.comparing import Described, Embedding, Meaning
from bft.live.extra import MissingExtraError
from bft.live.fakes import PREFIX, fake
from bft.live.gates import CHARS_A_TOKEN, TOKENS_WRITTEN, Gate
from bft.live.local.server import ALIAS
from bft.live.meaning import Pair, by_chat, by_embedding, chat_settings, embeddings_of
from bft.live.prompts import Messages
from bft.live.roles import ROLES, RoleSettings, RolesSettings
from bft.live.secrecy import secrets_in, secrets_of
from bft.live.settings import LOCAL, MemberSettings, ModelSettings, PanelSettings
from bft.resilience.breaker import Breaker
from bft.resilience.cache import Caching
from bft.resilience.pipeline import Level, Pipeline, Resilience
from bft.resilience.retry import Retry
from bft.shown_values import HIDDEN, LOOKS_SECRET

LOCAL_TOKENS = 128
"""Longer replies of the local model are cut off: a small one goes on until it is stopped."""

LOCAL_ROLES = RolesSettings(
    check=RoleSettings(forms=("grammar", "text"), reasoning=False),
    poll=RoleSettings(forms=("grammar", "text"), reasoning=False),
    judge=RoleSettings(forms=("grammar", "text"), reasoning=False),
)
"""How the local model is asked unless the panel or the member says otherwise: without a grammar it gives no verdict."""

SEED_BYTES = 4

NO_KEY = "none"
"""Sent to endpoints that ask for no key: their clients insist on one."""

Clients: TypeAlias = dict[bool, Any]
"""HTTP clients of one event loop: one that heeds proxies in the environment, one that does not."""

Given = Mapping[tuple[int, int], BaseChatModel]
"""Model objects that users passed, by member and level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model of a member, ready to be asked.

    Attributes
    ----------
    name : str
        As results call it.
    seat : int
        The node that asks it.
    chat : BaseChatModel
        What is asked.
    settings : ModelSettings
        Prices among them.
    refused : set of str
        Forms of reply that its endpoint does not know.
    gate : Gate or None
        How much may be sent to its endpoint.
    """

    name: str
    seat: int
    chat: BaseChatModel
    settings: ModelSettings
    refused: set[str] = field(default_factory=set)
    gate: Gate | None = None

    def seed(self, prompt: Messages, options: Mapping[str, Any]) -> dict[str, int]:
        """Return the seed that a call carries, if it is to have one of the panel's."""
        if not self.settings.seeded or "seed" in {**self.settings.options, **options}:
            return {}
        told = json.dumps([self.seat, prompt]).encode()
        return {"seed": int.from_bytes(sha256(told).digest()[:SEED_BYTES]) >> 1}  # of 31 bits: some take no more

    def cost(self, read: int, written: int) -> float | None:
        """Return the price of tokens; None where it is not known."""
        prices = (self.settings.price_in, self.settings.price_out)
        if prices[0] is None or prices[1] is None:
            return None
        return (read * prices[0] + written * prices[1]) / 1e6

    def estimate(self, characters: int, options: Mapping[str, Any]) -> float:
        """Return what a request with a prompt of so many characters costs by estimate; 0 where prices are not known."""
        given = {**self.settings.options, **options}
        bounds = (given.get("max_completion_tokens"), given.get("max_tokens"))
        written = next((each for each in bounds if isinstance(each, int) and each > 0), TOKENS_WRITTEN)
        return self.cost(math.ceil(characters / CHARS_A_TOKEN), written) or 0.0


@dataclass(slots=True, kw_only=True)
class Member:
    """One member of a panel on one event loop.

    Attributes
    ----------
    node : int
        Its node.
    name : str
        As results call it.
    models : dict of str to Model
        By the name of their level in the pipeline, the member's own first.
    pipeline : Pipeline
        How it is asked.
    share_s : float
        How long each of its models has for a call.
    roles : RolesSettings
        How it is spoken to.
    """

    node: int
    name: str
    models: dict[str, Model]
    pipeline: Pipeline
    share_s: float
    roles: RolesSettings = field(default_factory=RolesSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing:
    """A model that compares answers."""

    name: str
    """As results call it."""
    ask: Pair
    """Asks it about two texts."""
    settings: ModelSettings
    """Its prices, which nobody knows, and what it must keep to itself."""
    chat: Any
    """What is asked."""

    def cost(self, read: int, written: int) -> float | None:
        """Return the price of tokens, which is not known."""
        return None


@dataclass(slots=True, kw_only=True)
class Crew:
    """The members of a panel on one event loop."""

    members: tuple[Member, ...]
    pair: Comparing | None = None
    clients: Clients = field(default_factory=dict)

    async def close(self) -> None:
        """Close the connections that were opened for it."""
        for client in self.clients.values():
            await client.aclose()
        self.clients.clear()

    @property
    def secrets(self) -> list[str]:
        """What its models must keep to themselves."""
        found = []
        for model in (each for member in self.members for each in member.models.values()):
            found += secrets_in(model.chat)
            found += secrets_of(model.settings.options, model.settings.base_url)
        for member in self.members:
            for name in ROLES:
                found += secrets_of(member.roles.role(name).options, None)
        if self.pair is not None:
            found += secrets_in(self.pair.chat) + secrets_of({}, self.pair.settings.base_url)
        return found


def muster(settings: PanelSettings, given: Given, local_url: str | None = None) -> Crew:
    """Build the members of a panel for the running event loop.

    Parameters
    ----------
    settings : PanelSettings
        The panel.
    given : mapping
        Model objects that users passed.
    local_url : str or None
        Where the local model is served, where a member is one.

    Raises
    ------
    ScenarioError
        If a model cannot be built as described.
    """
    clients: Clients = {}
    gates = _gates(settings)
    members = []
    for node, (name, member) in enumerate(zip(settings.names, settings.members, strict=True)):
        models: dict[str, Model] = {}
        for level, described in enumerate((member, *member.fallbacks)):
            endpoint, described = described.endpoint, at_local(described, local_url)
            chat = given.get((node, level)) or build(described, clients, field=f"members.{node}.model")
            shown = name if level == 0 else described.model
            label = shown if shown not in models else f"{shown} ({level})"
            models[label] = Model(name=shown, seat=node, chat=chat, settings=described, gate=gates.get(endpoint))
        pipeline = Pipeline(_policies(settings, member, list(models)))
        share_s = settings.share_s(member)
        panels = settings.roles.over(LOCAL_ROLES) if member.model == LOCAL else settings.roles
        roles = member.roles.over(panels)
        members.append(Member(node=node, name=name, models=models, pipeline=pipeline, share_s=share_s, roles=roles))
    return Crew(members=tuple(members), pair=_comparing(settings.compare, clients), clients=clients)


def at_local(described: ModelSettings, url: str | None) -> ModelSettings:
    """Return the description of the local model as that of an endpoint; any other as it is."""
    if described.model != LOCAL or described.base_url is not None:
        return described
    options = {"temperature": 0.7, "max_tokens": LOCAL_TOKENS, **described.options}
    return described.model_copy(update={"model": ALIAS, "base_url": url, "options": options, "seeded": True})


def build(described: ModelSettings, clients: Clients, *, field: str) -> BaseChatModel:
    """Build one model; what must be closed afterwards is added to `clients`."""
    if described.model.startswith(PREFIX):
        return fake(described.model)
    if described.base_url is not None:
        return _endpoint(described, clients, field)
    if ":" not in described.model:
        raise ScenarioError(
            bad_value(field, described.model, "must be provider:model, such as openai:gpt-4o-mini, or have a base_url")
        )
    return _by_name(described, field)


def _gates(settings: PanelSettings) -> dict[str, Gate]:
    """Return the gates of endpoints that have one, by the smallest numbers that members state."""
    models = [each for member in settings.members for each in (member, *member.fallbacks)]
    gates = {}
    for endpoint in dict.fromkeys(each.endpoint for each in models):
        here = [each for each in models if each.endpoint == endpoint]
        concurrent = min((each.max_concurrent for each in here if each.max_concurrent is not None), default=None)
        per_minute = min((each.max_per_minute for each in here if each.max_per_minute is not None), default=None)
        if concurrent is not None or per_minute is not None:
            gates[endpoint] = Gate(concurrent, per_minute)
    return gates


def _comparing(compare: Described, clients: Clients) -> Comparing | None:
    """Return the model that a comparison asks; None: it asks none."""
    if isinstance(compare, Meaning):
        described = ModelSettings(**chat_settings(compare))
        chat = build(described, clients, field="compare.model")
        return Comparing(name=compare.model, ask=by_chat(chat), settings=described, chat=chat)
    if isinstance(compare, Embedding):
        described = ModelSettings(model=compare.model, base_url=compare.base_url, api_key_env=compare.api_key_env)
        key = None if compare.api_key_env is None else _key(described)
        client = None if compare.base_url is None else _client(compare.base_url, clients)
        embeddings = embeddings_of(compare, client, key)
        return Comparing(name=compare.model, ask=by_embedding(compare, embeddings), settings=described, chat=embeddings)
    return None


def refuse_own_retries(chat: BaseChatModel, field: str) -> None:
    """Refuse a model object that would retry by itself: retries multiply, and deadlines would not hold.

    Raises `ScenarioError` if the object has retries of its own.
    """
    if "max_retries" in type(chat).model_fields and getattr(chat, "max_retries", 0) != 0:
        retries = getattr(chat, "max_retries", None)
        raise ScenarioError(
            bad_value(f"{field}.max_retries", retries, "must be 0: the panel retries, and retries multiply")
        )


def on_this_machine(url: str) -> bool:
    """Return whether an address is a loopback address."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _endpoint(described: ModelSettings, clients: Clients, field: str) -> BaseChatModel:
    try:
        from langchain_openai import ChatOpenAI
    except ImportError:
        raise MissingExtraError("an endpoint by its address") from None
    assert described.base_url is not None
    given = {
        **described.options,
        "model": described.model,
        "base_url": described.base_url,
        "api_key": _key(described),
        "http_async_client": _client(described.base_url, clients),
        "max_retries": 0,
    }
    try:
        return ChatOpenAI(**given)
    except Exception as error:  # an option that the client does not take
        raise ScenarioError(bad_value(field, described.model, f"cannot be built: {_told(error)}")) from None


def _client(base_url: str, clients: Clients) -> Any:
    """Return the HTTP client for an address, made once."""
    from bft.live.transport import bounded_client

    heeds_proxies = not on_this_machine(base_url)
    if heeds_proxies not in clients:
        clients[heeds_proxies] = bounded_client(heeds_proxies=heeds_proxies)
    return clients[heeds_proxies]


def _by_name(described: ModelSettings, field: str) -> BaseChatModel:
    try:
        from langchain.chat_models import init_chat_model
    except ImportError:
        raise MissingExtraError("a model by its name") from None
    options = dict(described.options)
    if described.api_key_env is not None:
        options["api_key"] = _key(described)
    try:
        chat = init_chat_model(described.model, **options)
        if getattr(chat, "max_retries", 0) != 0:
            chat = init_chat_model(described.model, **options, max_retries=0)
    except ImportError as error:
        raise ScenarioError(bad_value(field, described.model, f"needs a package: {error}")) from None
    except Exception as error:  # of the provider's library: no key, no such provider, an option that it does not know
        raise ScenarioError(bad_value(field, described.model, f"cannot be built: {_told(error)}")) from None
    assert isinstance(chat, BaseChatModel)
    return chat


def _told(error: Exception) -> str:
    """Return what a library says of an option: which one, and why; never the value, which may be a secret."""
    if isinstance(error, ValidationError):
        return "; ".join(f"options.{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
    return LOOKS_SECRET.sub(HIDDEN, str(error).splitlines()[0]) if str(error) else type(error).__name__


def _key(described: ModelSettings) -> str:
    if described.api_key_env is None:
        return NO_KEY
    key = os.environ.get(described.api_key_env)
    if not key:
        raise ScenarioError(
            bad_value("api_key_env", described.api_key_env, "must name an environment variable that holds a key")
        )
    return key


def _policies(settings: PanelSettings, member: MemberSettings, names: Sequence[str]) -> Resilience:
    share_s = settings.share_s(member)
    retry = Retry(
        attempts=settings.attempts,
        first_delay_s=settings.retry_pause_s,
        cap_s=max(settings.retry_pause_s, 10.0),
        attempt_timeout_s=settings.attempt_timeout_s or share_s,
        deadline_s=share_s,
    )
    breaker = None
    if settings.breaker_failures:
        breaker = Breaker(
            failures=settings.breaker_failures,
            open_s=settings.breaker_open_s,
            probe_timeout_s=math.nextafter(share_s, math.inf) + 1.0,
        )
    ttl_s = settings.cache_ttl_s
    return Resilience(
        levels=tuple(Level(name=name, model=name, retry=retry, breaker=breaker) for name in names),
        caching=Caching(ttl_s=ttl_s, stale_s=ttl_s) if ttl_s > 0.0 else None,
    )
