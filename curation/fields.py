"""Reading named fields of a raw row: what is missing or of the wrong kind is a `Problem` that names it."""

from __future__ import annotations

import math
from typing import Any

from jmespath.parser import ParsedResult
from jmespath.visitor import TreeInterpreter

from curation.readers import Problem


def search(expression: ParsedResult, row: dict[str, Any]) -> Any:
    """A field's value. Projections (`lines[].text`) leave null items out without a word; here they are a problem."""
    node = expression.parsed
    if node["type"] == "projection":
        projected = TreeInterpreter().visit(node["children"][0], row)
        if isinstance(projected, list) and any(item is None for item in projected):
            raise Problem("null_item", f"`{expression.expression}` meets an item that is null")
    return expression.search(row)


def present(values: dict[str, Any], name: str) -> Any:
    if values.get(name) is None:
        raise Problem("missing_field", f"the row has no `{name}`")
    return values[name]


def text(values: Any, name: str) -> str:
    """Text, possibly empty: whether empty text is good enough is for the rules to say."""
    value = present(values, name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Problem("bad_field", f"`{name}` should be text, found {type(value).__name__}")
    if isinstance(value, float) and not math.isfinite(value):
        raise Problem("bad_field", f"`{name}` is {value}")
    return str(value)


def optional_text(values: Any, name: str) -> str:
    return "" if values.get(name) is None else text(values, name)


def items(values: dict[str, Any], name: str) -> list[dict[str, Any]]:
    items = present(values, name)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Problem("bad_field", f"`{name}` should be a list of objects with `points` and a `text` or `label`")
    if not items:
        raise Problem("empty_field", f"`{name}` is empty")
    return items


def numbers(points: Any) -> tuple[float, ...]:
    try:
        flat = [value for point in points for value in point] if _is_nested(points) else points
        numbers = tuple(float(value) for value in flat) if isinstance(points, list | tuple) else ()
    except (TypeError, ValueError, OverflowError):
        numbers = ()
    if len(numbers) not in (2, 4, 8) or not all(abs(number) < 1e7 for number in numbers):  # NaN fails too
        raise Problem("bad_box", f"expected 2, 4 or 8 finite numbers: {str(points)[:200]}")
    return numbers


def _is_nested(points: Any) -> bool:
    return isinstance(points, list) and bool(points) and isinstance(points[0], list | tuple)
