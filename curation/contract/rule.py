"""A rule of a recipe: what to keep. It is only shaped here; `filters.rules` compiles it against the signals.

A recipe writes `RuleEdit`s: a whole rule, or some keys of a preset's, or `off`. A source writes `Statement`s, which say
something else of its own rows. `filters.presets.resolve` makes `Rule`s of both.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, FiniteFloat, Strict, model_validator

from curation.contract.sample import Task
from curation.contract.training import Settings

Unknown = Literal["keep", "drop", "wait"]
Scalar = bool | int | FiniteFloat | str


class Statement(Settings):
    """What a rule keeps, of one signal or, for what that cannot say, by a predicate; possibly only part of it."""

    model_config = ConfigDict(strict=True, populate_by_name=True)

    signal: str | None = Field(None, description="the signal that min, max, equals or in speak of")
    min: FiniteFloat | None = Field(None, description="keep values of at least this")
    max: FiniteFloat | None = Field(None, description="keep values of at most this")
    equals: Scalar | None = Field(None, description="keep just this value")
    in_: Annotated[tuple[Scalar, ...], Strict(False)] | None = Field(
        None, alias="in", description="keep any of these values"
    )
    predicate: str | None = Field(None, description="a condition over signals; rows for which it is true are kept")
    why: str = Field("", description="for people: the reason for the rule")
    origin: str = Field("", description="for people: who uses such a threshold, or `platform default`")


class RuleEdit(Statement):
    """A rule as a recipe writes it: under a preset's name, the keys that are given replace the preset's."""

    tasks: Annotated[tuple[Task, ...], Strict(False)] = Field((), description="where the rule applies; empty: all")
    unknown: Unknown = Field("keep", description="what a value that is not measured, or does not apply, means")
    sources: Annotated[tuple[str, ...], Strict(False)] = Field((), description="where it applies; empty: all sources")


class Off(RuleEdit):
    """`name: off` in a recipe."""


def _off(value: Any) -> Any:
    return Off() if value is False or value == "off" else value  # YAML reads a bare `off` as false


StatementOrOff = Annotated[Statement, BeforeValidator(_off)]
EditOrOff = Annotated[RuleEdit, BeforeValidator(_off)]


class Rule(RuleEdit):
    """One whole rule: what to KEEP."""

    by_source: dict[str, Rule] = Field({}, description="what is kept of some sources' rows instead")

    @model_validator(mode="after")
    def _says_one_thing(self) -> Rule:
        bounds = [name for name in ("min", "max", "equals", "in_") if getattr(self, name) is not None]
        if (self.signal is None) == (self.predicate is None):
            raise ValueError("a rule has either a signal or a predicate, and not both")
        if self.predicate is not None and bounds:
            raise ValueError("a predicate says itself what to keep: remove min, max, equals and in")
        if self.signal is not None and not bounds:
            raise ValueError(f"the rule on {self.signal} keeps everything: give it min, max, equals or in")
        if len(bounds) > 1 and bounds != ["min", "max"]:
            raise ValueError("equals, in and min/max exclude each other: keep one of them")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is greater than max {self.max:g}: nothing would be kept")
        if self.in_ == ():
            raise ValueError("`in` is empty: nothing would be kept")
        return self

    def settings(self) -> dict[str, Any]:
        """What decides, for a fingerprint and for `Rule.model_validate`; the words for people are left out."""
        words = {"why", "origin"}
        mine = self.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={*words, "by_source"})
        others = {source: rule.settings() for source, rule in self.by_source.items()}
        return mine | ({"by_source": others} if others else {})

    @property
    def condition(self) -> str:
        """What is kept, in a few words: `min_side_px ≥ 28`."""
        if self.predicate is not None:
            return self.predicate
        if self.equals is not None:
            return f"{self.signal} is {_shown(self.equals)}"
        if self.in_ is not None:
            return f"{self.signal} is one of {', '.join(map(_shown, self.in_))}"
        low = f"{self.min:g} ≤ " if self.min is not None and self.max is not None else ""
        high = f" ≤ {self.max:g}" if self.max is not None else f" ≥ {self.min:g}"
        return f"{low}{self.signal}{high}"


def _shown(value: Scalar) -> str:
    """As YAML writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def merge(base: RuleEdit | None, edit: Statement) -> Rule:
    """`base` with the keys that `edit` gives. A new signal or predicate replaces all that `base` says of what to keep;
    a threshold that is no longer the base's own does not keep its origin. Raises ValidationError where what comes out
    is no rule."""
    given = edit.model_dump(exclude_unset=True, by_alias=True)
    held = base.model_dump(exclude_unset=True, by_alias=True, exclude={"by_source"}) if base else {}
    if {"signal", "predicate"} & {name for name, value in given.items() if value is not None}:
        held = {name: value for name, value in held.items() if name in ("tasks", "unknown", "sources", "why", "origin")}
    changed = given.keys() & {"signal", "min", "max", "equals", "in", "predicate"}
    return Rule.model_validate({**held, **({"origin": ""} if base and changed else {}), **given})
