"""The small language of predicates: conditions over signals, checked word by word and written anew as Spark SQL.

Nothing of the recipe's text reaches the engine as it stands, so that a predicate cannot break out of its place, and
nothing is allowed that can fail on a value (division, casts, patterns): a rule must not stop a run.

    condition   AND, OR, NOT, ( ), =, !=, <>, <, <=, >, >=, [NOT] BETWEEN a AND b, [NOT] IN (a, b), IS [NOT] NULL
    value       a signal, a number, a 'string', TRUE, FALSE, + - *, abs(a), coalesce(a, b), and least(a, b) and
                greatest(a, b), which leave out what is null
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from curation.contract.nearest import nearest
from filters.signal import Signal

Kind = Literal["number", "string", "bool"]

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<string>'(?:[^']|'')*')
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<comment>--|/\*)
      | (?P<symbol><=|>=|<>|!=|[=<>+\-*(),])""",
    re.VERBOSE,
)
_FUNCTIONS = {"abs": (1, 1), "least": (2, 9), "greatest": (2, 9), "coalesce": (2, 9)}
_COMPARISONS = ("=", "!=", "<>", "<", "<=", ">", ">=")
_KINDS: dict[str, Kind] = {"float64": "number", "int64": "number", "string": "string", "bool": "bool"}
_KEYWORDS = ("AND", "OR", "NOT", "IN", "IS", "BETWEEN", "NULL", "TRUE", "FALSE")
_MAX_TOKENS = 200


@dataclass(frozen=True, slots=True)
class Predicate:
    """A checked condition: Spark SQL that is true, false or null, and the signals that it reads, in order."""

    sql: str
    signals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Value:
    sql: str
    kind: Kind


def parse_predicate(text: str, signals: Mapping[str, Signal]) -> Predicate:
    """Check a predicate and write it as Spark SQL. Raises ValueError that says what is wrong and where."""
    parser = _Parser(text, signals)
    if len(parser.tokens) > _MAX_TOKENS:
        raise parser.error(f"{len(parser.tokens)} words are too many (at most {_MAX_TOKENS}): make it several rules")
    try:
        value = parser.either()
    except RecursionError:
        raise parser.error("nested too deeply") from None
    if parser.peek():
        raise parser.error(f"nothing may follow here, but there is {parser.peek()!r}")
    if value.kind != "bool":
        raise ValueError(f"predicate {text!r} is a {value.kind}, not a condition: compare it with something")
    return Predicate(value.sql, tuple(dict.fromkeys(parser.used)))


def unknown_signal(name: str, known: Iterable[str]) -> ValueError:
    """The error for a signal that does not exist, with the nearest name that does."""
    return ValueError(f"there is no signal {name!r}{nearest(name, known)}")


def quote_name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def quote_string(text: str) -> str:
    """A Spark SQL string literal; Spark reads backslash escapes in it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quote_number(number: float) -> str:
    """A Spark SQL double. Raises ValueError for what is not finite."""
    if not math.isfinite(number):
        raise ValueError(f"{number} is not a finite number")
    return f"CAST({number!r} AS DOUBLE)"


def _tokens(text: str) -> list[str]:
    found, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup == "comment":
            mend = "; write a > 3 * b for a / b > 3" if text[position] == "/" else ""
            raise ValueError(f"predicate {text!r}: {text[position]!r} at {position} is not allowed{mend}")
        if match.lastgroup != "space":
            found.append(match.group())
        position = match.end()
    return found


class _Parser:
    """Recursive descent: one method for each level of precedence, each returning SQL in parentheses and its kind."""

    def __init__(self, text: str, signals: Mapping[str, Signal]) -> None:
        self.text = text
        self.signals = signals
        self.tokens = _tokens(text)
        self.position = 0
        self.used: list[str] = []

    def error(self, message: str) -> ValueError:
        return ValueError(f"predicate {self.text!r}: {message}")

    def peek(self) -> str:
        """The next token, keywords in upper case; "" at the end."""
        token = self.tokens[self.position] if self.position < len(self.tokens) else ""
        return token.upper() if token.upper() in _KEYWORDS else token

    def accept(self, *tokens: str) -> str:
        """Step over the next token where it is one of `tokens`, and return it; else ""."""
        token = self.peek()
        if token not in tokens:
            return ""
        self.position += 1
        return token

    def expect(self, token: str) -> None:
        if not self.accept(token):
            raise self.error(f"expected {token!r}, found {self.peek() or 'the end'!r}")

    def of_kind(self, kind: Kind, value: _Value) -> str:
        """The SQL of a value that must be of `kind`."""
        if value.kind != kind:
            raise self.error(f"a {value.kind} stands where a {kind} is needed")
        return value.sql

    def either(self) -> _Value:
        value = self.both()
        while self.accept("OR"):
            value = _Value(f"({self.of_kind('bool', value)} OR {self.of_kind('bool', self.both())})", "bool")
        return value

    def both(self) -> _Value:
        value = self.negation()
        while self.accept("AND"):
            value = _Value(f"({self.of_kind('bool', value)} AND {self.of_kind('bool', self.negation())})", "bool")
        return value

    def negation(self) -> _Value:
        if self.accept("NOT"):
            return _Value(f"(NOT {self.of_kind('bool', self.negation())})", "bool")
        return self.comparison()

    def comparison(self) -> _Value:
        value = self.sum()
        if operator := self.accept(*_COMPARISONS):
            kind = value.kind if operator in ("=", "!=", "<>") else "number"
            return _Value(f"({self.of_kind(kind, value)} {operator} {self.of_kind(kind, self.sum())})", "bool")
        if self.accept("IS"):
            negated = "NOT " if self.accept("NOT") else ""
            self.expect("NULL")
            return _Value(f"({value.sql} IS {negated}NULL)", "bool")
        negated = "NOT " if self.accept("NOT") else ""
        if self.accept("BETWEEN"):
            low = self.of_kind("number", self.sum())
            self.expect("AND")
            high = self.of_kind("number", self.sum())
            return _Value(f"({self.of_kind('number', value)} {negated}BETWEEN {low} AND {high})", "bool")
        if self.accept("IN"):
            choices = ", ".join(self.of_kind(value.kind, choice) for choice in self.arguments())
            return _Value(f"({value.sql} {negated}IN ({choices}))", "bool")
        if negated:
            raise self.error("expected 'BETWEEN' or 'IN' after NOT")
        return value

    def sum(self) -> _Value:
        value = self.product()
        while operator := self.accept("+", "-"):
            right = self.of_kind("number", self.product())
            value = _Value(f"({self.of_kind('number', value)} {operator} {right})", "number")
        return value

    def product(self) -> _Value:
        value = self.factor()
        while self.accept("*"):
            right = self.of_kind("number", self.factor())
            value = _Value(f"({self.of_kind('number', value)} * {right})", "number")
        return value

    def factor(self) -> _Value:
        if self.accept("-"):
            return _Value(f"(- {self.of_kind('number', self.factor())})", "number")
        if self.accept("("):
            value = self.either()
            self.expect(")")
            return value
        if self.accept("TRUE", "FALSE"):
            return _Value(self.tokens[self.position - 1].upper(), "bool")
        return self.atom()

    def atom(self) -> _Value:
        """A number, a string, a function or a signal."""
        token = self.peek()
        if not token or token in _KEYWORDS or not (token[0].isalnum() or token[0] in "_'."):
            raise self.error(f"expected a signal or a value, found {token or 'the end'!r}")
        self.position += 1
        if token[0] == "'":
            return _Value(quote_string(token[1:-1].replace("''", "'")), "string")
        if token[0].isdigit() or token[0] == ".":
            return _Value(quote_number(float(token)), "number")
        return self.function(token) if self.peek() == "(" else self.signal(token)

    def signal(self, name: str) -> _Value:
        if name not in self.signals:
            raise self.error(str(unknown_signal(name, self.signals)))
        self.used.append(name)
        kind = _KINDS[self.signals[name].dtype]
        # As a double, because whole numbers that overflow are an error in Spark.
        return _Value(f"CAST({quote_name(name)} AS DOUBLE)" if kind == "number" else quote_name(name), kind)

    def function(self, written: str) -> _Value:
        name = written.lower()
        if name not in _FUNCTIONS:
            raise self.error(f"function {written!r} is not allowed; use one of {', '.join(_FUNCTIONS)}")
        arguments = self.arguments()
        fewest, most = _FUNCTIONS[name]
        if not fewest <= len(arguments) <= most:
            raise self.error(f"{name} takes {fewest} to {most} values, not {len(arguments)}")
        kind = arguments[0].kind if name == "coalesce" else "number"
        return _Value(f"{name}({', '.join(self.of_kind(kind, each) for each in arguments)})", kind)

    def arguments(self) -> list[_Value]:
        self.expect("(")
        values = [self.sum()]
        while self.accept(","):
            values.append(self.sum())
        self.expect(")")
        return values
