"""A rule of a recipe: what to keep. It is only shaped here; `filters.rules` compiles it against the signals."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, FiniteFloat, Strict, model_validator

from curation.contract.sample import Task
from curation.contract.training import Settings

Unknown = Literal["keep", "drop", "wait"]
Scalar = bool | int | FiniteFloat | str


class Rule(Settings):
    """One entry of a recipe's `rules`: what to KEEP, of one signal or, for what that cannot say, by a predicate."""

    model_config = ConfigDict(strict=True, populate_by_name=True)

    signal: str | None = Field(None, description="the signal that min, max, equals or in speak of")
    min: FiniteFloat | None = Field(None, description="keep values of at least this")
    max: FiniteFloat | None = Field(None, description="keep values of at most this")
    equals: Scalar | None = Field(None, description="keep just this value")
    in_: Annotated[tuple[Scalar, ...], Strict(False)] | None = Field(
        None, alias="in", description="keep any of these values"
    )
    predicate: str | None = Field(None, description="a condition over signals; rows for which it is true are kept")
    tasks: Annotated[tuple[Task, ...], Strict(False)] = Field((), description="where the rule applies; empty: all")
    unknown: Unknown = Field("keep", description="what a value that is not measured, or does not apply, means")
    sources: Annotated[tuple[str, ...], Strict(False)] = Field((), description="where it applies; empty: all sources")
    why: str = Field("", description="for people: the reason for the rule")
    origin: str = Field("", description="for people: who uses such a threshold, or `platform default`")

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
