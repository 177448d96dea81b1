"""What a signal is: a pure measurement with a name, a unit, a grain and a cost tier. It never drops anything."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
import pyarrow as pa

Grain = Literal["sample", "turn", "media", "region", "step"]
Tier = Literal["header", "text", "pixels", "corpus"]
Count = Literal["count", "share", "distinct"]
Reducer = Literal["min", "max", "mean", "first", "none"]
Dtype = Literal["float64", "int64", "string", "bool"]

_ARROW = {"float64": pa.float64(), "int64": pa.int64(), "string": pa.string(), "bool": pa.bool_()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One measurement.

    `function` returns one value for each unit of the grain. None is "not applicable"; NaN is never returned. It gets,
    by tier:

    header, text  a polars frame with a row for each unit (the columns are listed in `filters.frames.Batch`), and, where
                  it has a second parameter, the whole Batch; it returns a Series of the frame's length
    pixels        `filters.signals.pixels.Pixels` of one image, or, where the grain is `step`, of the screens before and
                  after a step; it returns one number or string
    corpus        a frame as above; it returns a Series of strings, the keys that are counted over a source's rows, and
                  `counts` says what the value is: how often the unit's key occurs, that as a share of all units that
                  have a key, or how many different keys there are. Signals with the same `keys` give the same keys,
                  which are made and counted once

    `reducer` brings the values of a sample's units to the sample, leaving out those that are None; with `none` they
    stay with their images, and rules can't read them.
    `version` is raised when the meaning changes, so that stored values of the old meaning are not reused.
    """

    name: str
    description: str
    version: int
    unit: str
    grain: Grain
    reducer: Reducer
    tier: Tier
    dtype: Dtype
    source: str
    function: Callable[..., Any]
    counts: Count = "count"
    keys: str = ""

    @property
    def counted(self) -> str:
        """What a corpus signal counts, by a name."""
        return self.keys or self.name

    @property
    def key(self) -> str:
        """The name under which values are stored, `name@version`; rules and columns use the plain name."""
        return f"{self.name}@{self.version}"

    @property
    def reads_batch(self) -> bool:
        """Whether the function wants the Batch: other frames than its own, the model's view, a language detector."""
        return self.tier != "pixels" and len(inspect.signature(self.function).parameters) > 1

    @property
    def arrow_type(self) -> pa.DataType:
        return _ARROW[self.dtype]

    @property
    def listed(self) -> bool:
        """Whether a sample has a list of values, one for each image: strings of pixels, which nothing reduces."""
        return self.tier == "pixels" and self.dtype == "string"

    @property
    def sample_type(self) -> pa.DataType:
        """The type of the value that a sample has."""
        return pa.list_(self.arrow_type) if self.listed else self.arrow_type


def signal(
    *,
    tier: Tier,
    grain: Grain,
    unit: str,
    reducer: Reducer = "first",
    dtype: Dtype = "float64",
    version: int = 1,
    source: str = "platform default",
    counts: Count = "count",
    keys: str = "",
) -> Callable[[Callable[..., Any]], Signal]:
    """Turn a function into the Signal of its name; its docstring's first line is the description.

    Raises ValueError where the function has no docstring, or where a corpus signal's values would be averaged.
    """
    if tier == "corpus" and reducer == "mean":
        raise ValueError("a corpus signal is reduced by min or max, which no order of rows can change")

    def build(function: Callable[..., Any]) -> Signal:
        documentation = inspect.getdoc(function)
        if not documentation:
            raise ValueError(f"signal {function.__name__} has no docstring: say in one line what it measures")
        return Signal(
            name=function.__name__,
            description=documentation.splitlines()[0],
            version=version,
            unit=unit,
            grain=grain,
            reducer=reducer,
            tier=tier,
            dtype=dtype,
            source=source,
            function=function,
            counts=counts,
            keys=keys,
        )

    return build


def signal_schema(key: str, signals: list[Signal]) -> pa.Schema:
    """The Arrow schema of a table of measurements: a string column `key`, then one column for each signal."""
    return pa.schema([(key, pa.string()), *((each.name, each.arrow_type) for each in signals)])


def divide(top: pl.Series, bottom: pl.Series) -> pl.Series:
    """`top` / `bottom` as float64, rounded as IEEE 754 says; null where either is null or `bottom` is 0.

    polars multiplies by the reciprocal where a column has one row, which differs in the last digit: a value would show
    how many rows its batch has. numpy always divides.
    """
    above, below = (column.cast(pl.Float64).fill_null(np.nan).to_numpy() for column in (top, bottom))
    quotient = np.divide(above, below, out=np.full(len(above), np.nan), where=below != 0)
    return pl.Series(quotient).fill_nan(None)
