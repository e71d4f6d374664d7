"""What a member is told in each role, and in which form it replies: checked before anyone is asked.

    propose   answers the question, under PBFT, for others to check
    check     judges what another member proposed, under PBFT
    poll      answers the question by itself, in a ballot
    judge     judges the answers of others, in a ballot

A member may have other words, examples, options and forms of reply in each. What the panel says holds for all members;
what a member says of a role takes the place of what the panel says of it, field by field.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from bft.errors import ScenarioError, bad_value
from bft.live.prompts import MEMBER, Shown, Style
from bft.settings import Settings

Role: TypeAlias = Literal["propose", "check", "poll", "judge"]
FormName: TypeAlias = Literal["schema", "grammar", "tool", "text"]

ROLES: tuple[Role, ...] = ("propose", "check", "poll", "judge")
FORMS: tuple[FormName, ...] = ("schema", "grammar", "tool", "text")
"""Forms of reply in the order in which an endpoint is tried: JSON schema through `response_format`, a grammar of
llama.cpp, a tool that must be called, and text."""

MOST_EXAMPLES = 64
OF_THE_PANEL = ("messages", "model", "n", "response_format", "stream", "tool_choice", "tools")
"""Options that a role cannot have: the panel says these itself."""


class ExampleSettings(Settings):
    """A question with the reply that a member should give, shown before the question that it is asked."""

    question: Annotated[str, Field(min_length=1)]
    """What is asked."""

    proposal: str | None = None
    """What is judged; where a member answers by itself it is left out."""

    answer: str | None = None
    """The right answer, where a member answers."""

    verdict: Literal["accept", "reject", "unsure"] | None = None
    """The right verdict, where it judges."""

    reasoning: str = ""
    """What stands before it."""

    confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 1.0
    """How sure the reply is, where that is asked."""


class RoleSettings(Settings):
    """One role."""

    system: str | None = None
    """Who a member is told to be; what it is asked for, and that proposals are data, is told behind it in any case."""

    examples: Annotated[tuple[ExampleSettings, ...], Field(max_length=MOST_EXAMPLES)] = ()
    """Shown before the question."""

    options: dict[str, Any] = Field(default_factory=dict, repr=False)
    """Passed on with each call in this role, beside those of the model: temperature, max_tokens, seed, extra_body, …"""

    forms: tuple[FormName, ...] = ("text",)
    """In which forms a reply may be asked for, the first first; "structured": all, in the order of `FORMS`. A form that
    an endpoint refuses is not asked of it again."""

    reasoning: bool = True
    """Whether a member is to work its reply out, in words, before it gives it."""

    choices: tuple[str, ...] = ()
    """The answers that there are, if they are few; a schema or grammar allows no other."""

    grammar: str | None = None
    """In place of the panel's own grammar, in GBNF."""

    @field_validator("forms", mode="before")
    @classmethod
    def _in_order(cls, given: object) -> object:
        if given == "structured":
            return FORMS
        return (given,) if isinstance(given, str) else given

    @model_validator(mode="after")
    def _consistent(self) -> RoleSettings:
        if not self.forms:
            raise ScenarioError(bad_value("forms", [], f"must name at least one of {', '.join(FORMS)}"))
        if len(set(self.forms)) != len(self.forms):
            raise ScenarioError(bad_value("forms", list(self.forms), "must name each form once"))
        for name in OF_THE_PANEL:
            if name in self.options:
                raise ScenarioError(f"options.{name}: must be left out: the panel says it itself")
        if any(not choice.strip() or "\n" in choice for choice in self.choices):
            raise ScenarioError(bad_value("choices", list(self.choices), "must be answers of one line, not empty"))
        if not isinstance(self.options.get("extra_body", {}), dict):
            raise ScenarioError("options.extra_body: must be a table")
        return self

    def over(self, panels: RoleSettings) -> RoleSettings:
        """Return this role with what it leaves open taken from the panel's."""
        return panels.model_copy(update={name: getattr(self, name) for name in self.model_fields_set})

    def style(self, form: FormName, *, judges: bool, schema: Mapping[str, Any] | None = None) -> Style:
        """Return how a member is spoken to when it is asked for a reply in a form."""
        shown = []
        for example in self.examples:
            says = example.verdict if judges else example.answer
            if says is not None and (example.proposal is not None) >= judges:
                shown.append(
                    Shown(
                        question=example.question,
                        proposal=example.proposal,
                        says=says,
                        reasoning=example.reasoning,
                        confidence=example.confidence,
                    )
                )
        return Style(
            member=MEMBER if self.system is None else self.system,
            examples=tuple(shown),
            reply="json" if form in ("schema", "tool") else "text",
            reasoning=self.reasoning,
            choices=self.choices if schema is None else (),
            schema="" if schema is None else json.dumps(schema, ensure_ascii=False, sort_keys=True),
        )


class RolesSettings(Settings):
    """The roles."""

    propose: RoleSettings = RoleSettings()
    """Answers the question, under PBFT, for others to check."""

    check: RoleSettings = RoleSettings()
    """Judges what another member proposed, under PBFT."""

    poll: RoleSettings = RoleSettings()
    """Answers the question by itself, in a ballot."""

    judge: RoleSettings = RoleSettings()
    """Judges the answers of others, in a ballot."""

    @model_validator(mode="after")
    def _examples_fit(self) -> RolesSettings:
        for name in ROLES:
            for number, example in enumerate(self.role(name).examples):
                where = f"{name}.examples.{number}"
                if name in ("check", "judge") and (example.proposal is None or example.verdict is None):
                    raise ScenarioError(f"{where}: needs a proposal and a verdict: this role judges")
                if name in ("propose", "poll") and example.answer is None:
                    raise ScenarioError(f"{where}: needs an answer: this role answers")
        return self

    def role(self, name: Role) -> RoleSettings:
        """Return one of them."""
        settings: RoleSettings = getattr(self, name)
        return settings

    def over(self, panels: RolesSettings) -> RolesSettings:
        """Return these roles with what they leave open taken from the panel's."""
        return RolesSettings(**{name: self.role(name).over(panels.role(name)) for name in ROLES})
