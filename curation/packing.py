"""Many measurements as one column, for their way through Spark.

Spark generates and compiles code for every column of every join and shuffle: with two hundred of them that costs more
than the measuring. Four lists, one for each type, cost next to nothing; names come back where the table is written.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from filters.signal import Signal

_FIELDS = {"float64": "floats", "int64": "ints", "bool": "flags", "string": "texts"}
_TYPES = {"floats": pa.float64(), "ints": pa.int64(), "flags": pa.bool_(), "texts": pa.string()}


def packed_type(lists: bool = False) -> pa.StructType:
    """The type of `pack`'s column; with `lists` each text is a list of texts."""
    types = {**_TYPES, "texts": pa.list_(pa.string())} if lists else _TYPES
    return pa.struct([(name, pa.list_(kind)) for name, kind in types.items()])


def pack(table: pa.Table, signals: Sequence[Signal], lists: bool = False) -> pa.StructArray:
    """The columns named after `signals` as one column of `packed_type`."""
    kinds = packed_type(lists)
    columns = []
    for name in _TYPES:
        kind = kinds.field(name).type.value_type
        mine = [table.column(each.name).cast(kind).combine_chunks() for each in _of(name, signals)]
        columns.append(_interleaved([_whole(each) for each in mine], len(table), kind))
    return pa.StructArray.from_arrays(columns, fields=list(kinds))


def unpack(column: pa.ChunkedArray, signals: Sequence[Signal]) -> dict[str, pa.ChunkedArray]:
    """The columns of `signals` out of what `pack` made of the same signals; null where the packed row is null."""
    found = {}
    for name in _TYPES:
        lists = pc.struct_field(column, name)
        for index, each in enumerate(_of(name, signals)):
            found[each.name] = pc.list_element(lists, index)
    return found


def place(signal: Signal, signals: Sequence[Signal]) -> tuple[str, int]:
    """Where `pack` puts a signal: the list's name, and the index in it."""
    name = _FIELDS[signal.dtype]
    return name, [each.name for each in _of(name, signals)].index(signal.name)


def _of(name: str, signals: Sequence[Signal]) -> list[Signal]:
    return [each for each in signals if _FIELDS[each.dtype] == name]


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) else column


def _interleaved(columns: list[pa.Array], rows: int, kind: pa.DataType) -> pa.ListArray:
    """One list for each row with the row's value of every column."""
    offsets = pa.array(np.arange(rows + 1, dtype=np.int32) * len(columns), pa.int32())
    if not columns:
        return pa.ListArray.from_arrays(offsets, pa.array([], kind))
    order = np.arange(rows)[:, None] + rows * np.arange(len(columns))[None, :]
    return pa.ListArray.from_arrays(offsets, pa.concat_arrays(columns).take(pa.array(order.ravel())))
