"""The decorator, and the catalogue that collects its signals."""

from __future__ import annotations

from types import ModuleType

import polars as pl
import pyarrow as pa
import pytest

from filters.catalogue import MODULES, catalogue, collect
from filters.signal import signal, signal_schema


def test_the_decorator_takes_name_and_description_from_the_function() -> None:
    @signal(tier="header", grain="media", unit="px", reducer="min", dtype="int64", version=3)
    def width_halved(media: pl.DataFrame) -> pl.Series:
        """Half the width.

        More words.
        """
        return media["width"] // 2

    assert (width_halved.name, width_halved.key) == ("width_halved", "width_halved@3")
    assert width_halved.description == "Half the width."
    assert width_halved.function(pl.DataFrame({"width": [10, 7]})).to_list() == [5, 3]
    assert signal_schema("sha256", [width_halved]) == pa.schema([("sha256", pa.string()), ("width_halved", pa.int64())])


def test_a_signal_without_a_docstring_is_refused() -> None:
    def silent(media: pl.DataFrame) -> pl.Series:
        return media["width"]

    with pytest.raises(ValueError, match="silent has no docstring"):
        signal(tier="header", grain="media", unit="px")(silent)


def test_the_catalogue_holds_each_signal_of_each_module_once() -> None:
    found = catalogue()
    assert [name for name, each in found.items() if each.name != name] == []
    assert {each.tier for each in found.values()} == {"header", "text", "pixels", "corpus"}
    assert len(found) == sum(len(collect([module])) for module in MODULES)


def test_two_signals_of_one_name_are_refused() -> None:
    copy = ModuleType("copy_of_header")
    vars(copy)["width_px"] = catalogue()["width_px"]
    with pytest.raises(ValueError, match="two signals are named width_px; the second is in copy_of_header"):
        collect([MODULES[0], copy])
