"""When two answers of members are the same answer. A comparison is data, and stands in the certificate by its name.

| `compare` | the same are | what is voted on |
|---|---|---|
| "canonical" | answers with one canonical form (`bft.validators.canonical`) | that form |
| "letters", "numbers", "as_written" | as tables of answers are compared (`bft.validators.comparison`) | that form |
| "sets" | lists of the same members in any order: red, blue and yellow | the members in order |
| { kind = "tolerance", … } | numbers that differ by at most `absolute`, or by the share `relative` | the first answer that it is the same as |
| { kind = "embedding", … } | texts whose embeddings have a cosine of at least `at_least` | the same |
| { kind = "meaning", … } | texts of which a model says that they mean the same | the same |
| an object with `name` and `same` | what it says | the same |

The lower four look at pairs, and "the same" need not pass from one pair to the next: 1.00, 1.01 and 1.02 at a tolerance
of .01. So an answer that comes is compared with those that were given before, in their order, and votes for the first
with which it is the same; else it stands for itself. A comparison that fails leaves the vote out: nobody knows what it
would have been.
"""  # noqa: E501 (a table)

from __future__ import annotations

import asyncio
import inspect
import math
import re
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal, Protocol, TypeAlias, runtime_checkable

from pydantic import BeforeValidator, Field, TypeAdapter, model_validator

from bft.errors import ScenarioError, bad_value
from bft.live.structured import form_of_text
from bft.settings import Settings
from bft.validators.canonical import canonical
from bft.validators.comparison import COMPARISONS, form_of
from bft.validators.written_numbers import number_form

NAMES = (*COMPARISONS, "sets", "values")
MOST_MEMBERS_OF_A_SET = 200
_SPLIT = re.compile(r"\s*[,;\n]\s*(?:(?:and|or|und)\s+)?|\s+(?:and|or|und|&)\s+|\s*&\s*", re.IGNORECASE)
_UNIT = re.compile(r"(?:^[$€£]\s*)|(?:\s*[%A-Za-z°]{1,12}$)")


class Named(Settings):
    """A comparison of forms."""

    kind: Literal["canonical", "letters", "numbers", "as_written", "sets", "values"] = "canonical"


class Tolerance(Settings):
    """Numbers that are close to each other; an answer that is no number is nobody's vote."""

    kind: Literal["tolerance"] = "tolerance"

    absolute: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """The same are numbers that differ by at most so much."""

    relative: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Or by at most this share of the larger."""

    @model_validator(mode="after")
    def _some(self) -> Tolerance:
        if not self.absolute and not self.relative:
            raise ScenarioError("compare: needs absolute or relative: how far numbers may differ")
        return self


class Embedding(Settings):
    """Texts that an embedding finds close."""

    kind: Literal["embedding"] = "embedding"

    model: Annotated[str, Field(min_length=1)]
    """As `init_embeddings` knows it ("openai:text-embedding-3-small"), or as the endpoint at `base_url` calls it."""

    base_url: str | None = None
    """Address of an endpoint that speaks OpenAI's embeddings."""

    api_key_env: str | None = None
    """Environment variable that holds the key."""

    at_least: Annotated[float, Field(gt=0, le=1)] = 0.9
    """Cosine of two texts that are the same."""


class Meaning(Settings):
    """Texts of which a model says that they mean the same."""

    kind: Literal["meaning"] = "meaning"

    model: Annotated[str, Field(min_length=1)]
    """A chat model, as that of a member."""

    base_url: str | None = None
    """Address of an endpoint that speaks OpenAI's chat completions."""

    api_key_env: str | None = None
    """Environment variable that holds the key."""


class Own(Settings):
    """A user's object, by its name."""

    kind: Literal["own"] = "own"

    name: Annotated[str, Field(min_length=1, max_length=80)]
    """As the certificate calls it."""


Described: TypeAlias = Named | Tolerance | Embedding | Meaning | Own


def _by_name(value: object) -> object:
    if isinstance(value, str):
        if value not in NAMES:
            allowed = f"must be one of {', '.join(NAMES[:-1])}, or a table of kind tolerance, embedding or meaning"
            raise ScenarioError(bad_value("compare", value, allowed))
        return {"kind": value}
    return value


Compare: TypeAlias = Annotated[Annotated[Described, Field(discriminator="kind")], BeforeValidator(_by_name)]
_ADAPTER: TypeAdapter[Any] = TypeAdapter(Compare)

CANONICAL = Named()
VALUES = Named(kind="values")


def described(compare: Described) -> str | dict[str, Any]:
    """Return a comparison as JSON knows it: its name, or a table where it has parameters; never where a key is."""
    if isinstance(compare, Named):
        return compare.kind
    table: dict[str, Any] = compare.model_dump(mode="json", exclude_none=True)
    return {name: value for name, value in table.items() if name != "api_key_env" and value != 0.0}


def read_compare(description: str | Mapping[str, Any]) -> Described:
    """Read what `described` wrote.

    Raises `ValueError` or `ScenarioError` if it describes no comparison.
    """
    compare: Described = _ADAPTER.validate_python(description)
    return compare


@runtime_checkable
class OwnComparison(Protocol):
    """What users may pass as `compare`: an object with a name, and `same`, which may be a coroutine."""

    name: str

    def same(self, one: str, other: str) -> bool | Awaitable[bool]:
        """Return whether two answers are the same."""


class ComparisonError(Exception):
    """Nobody knows whether two answers are the same: what compares them failed."""


class Comparison:
    """How the answers of a panel are compared.

    Parameters
    ----------
    settings : Described
        As the certificate names it.
    form : callable
        The form of an answer; None: it is none.
    pair : callable or None
        Whether two answers are the same, where that is not for their forms alone to say.
    """

    def __init__(
        self,
        settings: Described,
        form: Callable[[str], str | None],
        pair: Callable[[str, str], Awaitable[bool]] | None = None,
    ) -> None:
        self.settings = settings
        self._form = form
        self._pair = pair

    @property
    def asks(self) -> bool:
        """Whether pairs are looked at, which may take time."""
        return self._pair is not None

    def form(self, answer: str | None) -> str | None:
        """Return the form of an answer; None: it is none."""
        return None if answer is None else self._form(answer)

    async def same(self, one: str, other: str) -> bool:
        """Return whether two answers are the same.

        Raises `ComparisonError` if that cannot be found out.
        """
        forms = self.form(one), self.form(other)
        if None in forms or forms[0] == forms[1]:
            return None not in forms
        if self._pair is None:
            return False
        try:
            return bool(await self._pair(one, other))
        except Exception as error:
            raise ComparisonError(f"{type(error).__name__}: {error}") from error


class Groups:
    """The answers to one question, each with the first answer that it is the same as."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison
        self._first: list[str] = []
        self._one_at_a_time = asyncio.Lock()

    async def vote_for(self, answer: str | None) -> str | None:
        """Return what an answer votes for; None: it is none.

        Raises `ComparisonError` if that cannot be found out.
        """
        form = self._comparison.form(answer)
        if form is None or answer is None:
            return None
        async with self._one_at_a_time:
            for first in self._first:
                if await self._comparison.same(first, answer):
                    return self._comparison.form(first)
            self._first.append(answer)
        return form


def comparison_of(
    settings: Described,
    own: OwnComparison | None = None,
    asks: Callable[[str, str], Awaitable[bool]] | None = None,
) -> Comparison:
    """Return the comparison that settings describe.

    Parameters
    ----------
    settings : Described
        Its description.
    own : OwnComparison, optional
        The user's object, where it is one.
    asks : callable, optional
        Asks an embedding or a model, where it is for them to say.

    Raises
    ------
    ScenarioError
        If a user's object is named and none is given.
    """
    if isinstance(settings, Named):
        forms = {"sets": set_form, "values": form_of_text}
        return Comparison(settings, forms.get(settings.kind) or form_of(settings.kind))
    if isinstance(settings, Tolerance):
        return Comparison(settings, _number_form, _near(settings))
    if isinstance(settings, Own):
        if own is None:
            told = "names an object of Python: pass it to Panel(…, compare=…)"
            raise ScenarioError(bad_value("compare", settings.name, told))
        form = getattr(own, "form", None)
        return Comparison(settings, form if callable(form) else canonical, _asked(own))
    return Comparison(settings, canonical, asks)


def own_of(given: object) -> Own:
    """Return the description of a user's object.

    Raises `ScenarioError` if it has no name, or no `same`.
    """
    name = getattr(given, "name", None)
    if not isinstance(given, OwnComparison) or not isinstance(name, str) or not callable(getattr(given, "same", None)):
        allowed = "must be a name, a table, or an object with a name, which stands in the certificate, and same(a, b)"
        raise ScenarioError(bad_value("compare", type(given).__name__, allowed))
    return Own(name=name)


def set_form(answer: str) -> str | None:
    """Return a list as a set: its members in canonical form and in order.

    Examples
    --------
    >>> set_form("Yellow, red and blue") == set_form("{blue; red, yellow}")
    True
    """
    inner = answer.strip().strip("[](){}").strip()
    members = {canonical(each) for each in _SPLIT.split(inner)[:MOST_MEMBERS_OF_A_SET]} - {None}
    return ", ".join(sorted(each for each in members if each)) or None


def number(answer: str) -> Decimal | None:
    """Return the number that an answer is, with a unit or without; None: it is none.

    Examples
    --------
    >>> [number(answer) for answer in ("1,000", "$2.50", "12 km", "3/4", "ten")]
    [Decimal('1000'), Decimal('2.5'), Decimal('12'), None, None]
    """
    text = (canonical(answer) or "").strip()
    for told in (text, _UNIT.sub("", text).strip()):
        form = number_form(told)
        if form is not None:
            try:
                value = Decimal(form)
            except InvalidOperation:
                return None
            return value if value.is_finite() else None
    return None


def _number_form(answer: str) -> str | None:
    return None if number(answer) is None else canonical(answer)


def _near(settings: Tolerance) -> Callable[[str, str], Awaitable[bool]]:
    async def near(one: str, other: str) -> bool:
        first, second = number(one), number(other)
        if first is None or second is None:
            return False
        apart, larger = abs(first - second), max(abs(first), abs(second))
        return apart <= Decimal(str(settings.absolute)) or apart <= Decimal(str(settings.relative)) * larger

    return near


def _asked(own: OwnComparison) -> Callable[[str, str], Awaitable[bool]]:
    async def asked(one: str, other: str) -> bool:
        said = own.same(one, other)
        return bool(await said) if inspect.isawaitable(said) else bool(said)

    return asked


def cosine(one: list[float], other: list[float]) -> float:
    """Return the cosine of the angle between two vectors; 0 where one has no length."""
    lengths = math.sqrt(sum(x * x for x in one)) * math.sqrt(sum(x * x for x in other))
    return sum(x * y for x, y in zip(one, other, strict=True)) / lengths if lengths else 0.0
