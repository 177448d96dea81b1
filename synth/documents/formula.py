"""Formulae from small trees, written both as MathML, which Chromium sets, and as LaTeX."""

from __future__ import annotations

import random
from dataclasses import dataclass
from html import escape

from synth.documents.blocks import BoxOf

_LETTERS = "abcdefghkmnpqrstuvwxyz"
_GREEK = {"alpha": "α", "beta": "β", "gamma": "γ", "theta": "θ", "lambda": "λ", "pi": "π", "sigma": "σ", "omega": "ω"}
_SIGNS = {"+": "+", "-": "−", r"\cdot": "⋅", r"\times": "×", r"\pm": "±"}
_RELATIONS = {"=": "=", r"\le": "≤", r"\ge": "≥", r"\approx": "≈", r"\ne": "≠"}
_FUNCTIONS = ("sin", "cos", "log", "exp", "ln", "tan")


@dataclass(frozen=True, slots=True)
class Term:
    """The same term twice. `single` means that it takes a power without brackets."""

    mathml: str
    latex: str
    single: bool = False


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula on a line of its own."""

    term: Term
    size: int

    def shown(self, name: str) -> str:
        math = f'<math display="block" style="font-size:{self.size}px">{self.term.mathml}</math>'
        return f'<div class="formula"><div data-r="ink" data-name="{name}">{math}</div></div>'

    def answer(self, name: str, box: BoxOf) -> str:
        where = box(name)
        inner = f"<div>{escape(self.markdown(), quote=False)}</div>"
        return f'<div class="formula" data-bbox="{where}"><img data-bbox="{where}"/>{inner}</div>'

    def markdown(self) -> str:
        return f"$${self.term.latex}$$"

    def plain(self) -> str:
        return self.markdown()


def drawn_formula(rng: random.Random) -> Formula:
    """An equation or inequality of two expressions."""
    latex, mathml = rng.choice(list(_RELATIONS.items()))
    left, right = _expression(rng, 1), _expression(rng, 2)
    row = f"<mrow>{left.mathml}<mo>{mathml}</mo>{right.mathml}</mrow>"
    return Formula(Term(row, f"{left.latex} {latex} {right.latex}"), rng.randint(17, 22))


def _atom(rng: random.Random) -> Term:
    kind = rng.random()
    if kind < 0.3:
        value = str(rng.randint(2, 99))
        return Term(f"<mn>{value}</mn>", value, single=True)
    if kind < 0.5:
        name, letter = rng.choice(list(_GREEK.items()))
        return Term(f"<mi>{letter}</mi>", f"\\{name}", single=True)
    letter = rng.choice(_LETTERS)
    if kind < 0.65:
        index = rng.choice("ijkn012")
        tag = "mn" if index.isdigit() else "mi"
        return Term(f"<msub><mi>{letter}</mi><{tag}>{index}</{tag}></msub>", f"{letter}_{{{index}}}")
    return Term(f"<mi>{letter}</mi>", letter, single=True)


def _expression(rng: random.Random, depth: int) -> Term:
    if depth == 0:
        return _atom(rng)
    return rng.choice((_sum, _fraction, _power, _root, _series, _function, _sum))(rng, depth)


def _sum(rng: random.Random, depth: int) -> Term:
    latex, mathml = rng.choice(list(_SIGNS.items()))
    left, right = _expression(rng, depth - 1), _atom(rng)
    return Term(f"<mrow>{left.mathml}<mo>{mathml}</mo>{right.mathml}</mrow>", f"{left.latex} {latex} {right.latex}")


def _fraction(rng: random.Random, depth: int) -> Term:
    over, under = _expression(rng, depth - 1), _expression(rng, depth - 1)
    return Term(f"<mfrac>{over.mathml}{under.mathml}</mfrac>", f"\\frac{{{over.latex}}}{{{under.latex}}}")


def _power(rng: random.Random, depth: int) -> Term:
    base, power = _expression(rng, depth - 1), _atom(rng)
    if not base.single:
        inner = f"<mrow><mo>(</mo>{base.mathml}<mo>)</mo></mrow>"
        base = Term(inner, f"\\left({base.latex}\\right)")
    return Term(f"<msup>{base.mathml}{power.mathml}</msup>", f"{base.latex}^{{{power.latex}}}")


def _root(rng: random.Random, depth: int) -> Term:
    inner = _expression(rng, depth - 1)
    return Term(f"<msqrt>{inner.mathml}</msqrt>", f"\\sqrt{{{inner.latex}}}")


def _series(rng: random.Random, depth: int) -> Term:
    """A sum, product or integral from one bound to another."""
    name, sign, first = rng.choice((("sum", "∑", "i=1"), ("prod", "∏", "k=0"), ("int", "∫", "0")))
    last, inner = rng.choice(("n", "m", "N")), _expression(rng, depth - 1)
    lower = "".join(f"<mo>{c}</mo>" if c == "=" else f"<mi>{c}</mi>" if c.isalpha() else f"<mn>{c}</mn>" for c in first)
    outer = "msubsup" if name == "int" else "munderover"
    bounds = f"<{outer}><mo>{sign}</mo><mrow>{lower}</mrow><mi>{last}</mi></{outer}>"
    tail = ("<mspace width='0.17em'/><mi>d</mi><mi>x</mi>", " \\, d x") if name == "int" else ("", "")
    return Term(
        f"<mrow>{bounds}{inner.mathml}{tail[0]}</mrow>", f"\\{name}_{{{first}}}^{{{last}}} {inner.latex}{tail[1]}"
    )


def _function(rng: random.Random, depth: int) -> Term:
    name, inner = rng.choice(_FUNCTIONS), _expression(rng, depth - 1)
    row = f"<mrow><mi>{name}</mi><mo>(</mo>{inner.mathml}<mo>)</mo></mrow>"
    return Term(row, f"\\{name}\\left({inner.latex}\\right)")
