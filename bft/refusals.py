"""What is wrong with a description, in one sentence that names the field, the value and what is allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError, WrapValidator

from bft.errors import ScenarioError, bad_value
from bft.field_paths import suggestion
from bft.shown_values import LONGEST, shown, without_secrets


def explain(error: ValidationError, given: Mapping[str, Any], model: type[BaseModel], prefix: str = "") -> str:
    """Say in one sentence what is wrong with a description.

    Parameters
    ----------
    error : ValidationError
        What pydantic found.
    given : mapping
        The description, as its author wrote it.
    model : type
        What was to be described.
    prefix : str
        Path of the description inside a larger one, such as "faults.".

    Returns
    -------
    str
        The field, the value and what is allowed; for an unknown key also the fields with a similar name.
    """
    problem = max(error.errors(), key=lambda each: (each["type"] == "value_error", len(each["loc"])))
    path, value = _locate(problem["loc"], given, missing=problem["type"] == "missing")
    path = without_secrets(prefix + path[:LONGEST])  # its author may have taken anything for a key
    kind, context = problem["type"], problem.get("ctx", {})
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"{path} = {shown(path, value, known=False)}: unknown key{suggestion(model, problem['loc'], prefix)}"
    if kind == "missing":
        return f"{path}: is needed and was not given"
    allowed = _ALLOWED.get(kind)
    if allowed is not None:
        known = kind not in _NEST or not isinstance(value, str)
        return f"{path} = {shown(path, value, known=known)}: {allowed.format(**context)}"
    message = problem["msg"].removeprefix("Value error, ")
    return bad_value(path, value, message[0].lower() + message[1:])


_ALLOWED = {
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "finite_number": "must be a finite number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "must be a whole number of fewer digits",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be a text",
    "string_unicode": "must be a text of Unicode characters",
    "tuple_type": "must be a list",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "dataclass_type": "must be a table",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "union_tag_invalid": "must have {discriminator} among {expected_tags}",
    "union_tag_not_found": "must say its {discriminator}",
}
_NEST = frozenset({"tuple_type", "dataclass_type", "dict_type", "model_type", "model_attributes_type"})
"""A text that stands where a list or a table should may be anything."""


def _locate(location: Sequence[int | str], given: Any, *, missing: bool) -> tuple[str, object]:
    """Return the path of a problem as its author wrote it, without the tags of alternatives, and the value there."""
    path: list[str] = []
    value: Any = given
    for step in location:
        if isinstance(value, BaseModel):
            value = {name: getattr(value, name) for name in type(value).model_fields}
        children = dict(enumerate(value)) if isinstance(value, list | tuple) else value
        if isinstance(children, Mapping) and step in children:
            path.append(str(step))
            value = children[step]
        elif missing and step is location[-1]:
            return ".".join([*path, str(step)]), None
    return ".".join(path), value


def under(prefix: str) -> WrapValidator:
    """Let refusals of parts that do not know where they stand begin with where they do."""

    def check(value: Any, inner: Callable[[Any], Any]) -> Any:
        try:
            return inner(value)
        except ScenarioError as error:
            known = str(error).startswith(f"{prefix}.")
            raise ScenarioError(str(error) if known else f"{prefix}.{error}") from None

    return WrapValidator(check)
