"""What stands on a page: each block writes itself as the page's own HTML, as QwenVL HTML, as Markdown and as text.

In the page's HTML `data-k` names the elements that hold text, and `data-r` those whose own box is part of what is seen:
`box` for their border box, `ink` for what is coloured in it. Names are paths: `3.0` stands in block 3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Protocol

# The box of a name, as a data-bbox says it.
BoxOf = Callable[[str], str]


class Block(Protocol):
    def shown(self, name: str) -> str:
        """HTML for the browser."""

    def answer(self, name: str, box: BoxOf) -> str:
        """QwenVL HTML (arXiv 2502.13923, section 2.2)."""

    def markdown(self) -> str: ...

    def plain(self) -> str:
        """What a reader reads, a line for each paragraph, list item or row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A paragraph or heading. `lead` is a bold beginning of the first line; `lines` are parted by forced breaks."""

    lines: tuple[str, ...]
    tag: str = "p"
    lead: str = ""
    style: str = ""
    keep: bool = False  # stays with what follows

    def shown(self, name: str) -> str:
        bold = f"<b>{escape(self.lead)}</b>" if self.lead else ""
        body = bold + "<br>".join(map(escape, self.lines))
        keep = " data-keep" if self.keep or self.tag != "p" else ""
        return f'<{self.tag} data-k="{name}" style="{self.style}"{keep}>{body}</{self.tag}>'

    def answer(self, name: str, box: BoxOf) -> str:
        return f'<{self.tag} data-bbox="{box(name)}">{"<br/>".join(map(escape, self._whole()))}</{self.tag}>'

    def markdown(self) -> str:
        marks = {"h1": "# ", "h2": "## ", "h3": "### "}.get(self.tag, "")
        return marks + "  \n".join(self._whole())

    def plain(self) -> str:
        return "\n".join(self._whole())

    def _whole(self) -> tuple[str, ...]:
        return ((self.lead + self.lines[0]).strip(), *self.lines[1:])


@dataclass(frozen=True, slots=True)
class Items:
    """A list, with numbers or with bullets that are drawn and not read."""

    items: tuple[str, ...]
    numbered: bool = False

    def shown(self, name: str) -> str:
        marks = [f"{place}." if self.numbered else "" for place in range(1, len(self.items) + 1)]
        rows = [
            f'<div class="item"><span class="{"number" if mark else "bullet"}"></span>'
            f'<span data-k="{name}.{place}">{escape(f"{mark} {text}".strip())}</span></div>'
            for place, (mark, text) in enumerate(zip(marks, self.items, strict=True))
        ]
        return f'<div class="items">{"".join(rows)}</div>'

    def answer(self, name: str, box: BoxOf) -> str:
        tag = "ol" if self.numbered else "ul"
        rows = [f'<li data-bbox="{box(f"{name}.{i}")}">{escape(text)}</li>' for i, text in enumerate(self.items)]
        return f'<{tag} data-bbox="{box(name)}">{"".join(rows)}</{tag}>'

    def markdown(self) -> str:
        return "\n".join(f"{f'{i}.' if self.numbered else '-'} {text}" for i, text in enumerate(self.items, 1))

    def plain(self) -> str:
        return "\n".join(f"{i}. {text}" if self.numbered else text for i, text in enumerate(self.items, 1))


@dataclass(frozen=True, slots=True)
class Check:
    """A box to tick, with what it stands for."""

    text: str
    ticked: bool

    def shown(self, name: str) -> str:
        mark = '<svg width="14" height="14"><path d="M2 7 L6 11 L12 2" class="tick"/></svg>' if self.ticked else ""
        drawn = f'<span class="check" data-r="box" data-name="{name}">{mark}</span>'
        return f'<div class="line">{drawn}<span data-k="{name}.0">{escape(self.text)}</span></div>'

    def answer(self, name: str, box: BoxOf) -> str:
        return f'<p data-bbox="{box(name)}">{escape(self.plain())}</p>'

    def markdown(self) -> str:
        return f"- [{'x' if self.ticked else ' '}] {self.text}"

    def plain(self) -> str:
        return f"{'☑' if self.ticked else '☐'} {self.text}"


@dataclass(frozen=True, slots=True)
class Side:
    """Blocks beside each other: each column is read to its end before the next. `widths` are shares."""

    columns: tuple[tuple[Block, ...], ...]
    widths: tuple[int, ...]

    def shown(self, name: str) -> str:
        parts = [
            f'<div style="flex:{width} 1 0;min-width:0">{shown(column, f"{name}.{place}")}</div>'
            for place, (column, width) in enumerate(zip(self.columns, self.widths, strict=True))
        ]
        return f'<div class="side">{"".join(parts)}</div>'

    def answer(self, name: str, box: BoxOf) -> str:
        return "\n".join(answers(column, f"{name}.{place}", box) for place, column in enumerate(self.columns))

    def markdown(self) -> str:
        return "\n\n".join(block.markdown() for column in self.columns for block in column)

    def plain(self) -> str:
        return "\n".join(block.plain() for column in self.columns for block in column)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A word in a frame, turned by `degrees`, in a room of its own."""

    text: str
    colour: str
    degrees: float
    align: str = "center"

    def shown(self, name: str) -> str:
        frame = f"border:3px solid {self.colour};color:{self.colour};transform:rotate({self.degrees}deg)"
        inner = f'<div class="stamp" style="{frame}" data-r="box" data-name="{name}"><span data-k="{name}.0">'
        return f'<div class="stamps" style="text-align:{self.align}">{inner}{escape(self.text)}</span></div></div>'

    def answer(self, name: str, box: BoxOf) -> str:
        where = box(name)
        return f'<div class="image ocr" data-bbox="{where}"><img data-bbox="{where}"/><p>{escape(self.text)}</p></div>'

    def markdown(self) -> str:
        return self.text

    def plain(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Rule:
    """A line or some room: seen, and not read."""

    style: str

    def shown(self, name: str) -> str:
        return f'<div style="{self.style}" data-keep></div>'

    def answer(self, name: str, box: BoxOf) -> str:
        return ""

    def markdown(self) -> str:
        return ""

    def plain(self) -> str:
        return ""


def shown(blocks: Sequence[Block], name: str) -> str:
    return "".join(block.shown(f"{name}.{place}") for place, block in enumerate(blocks))


def answers(blocks: Sequence[Block], name: str, box: BoxOf) -> str:
    written = (block.answer(f"{name}.{place}", box) for place, block in enumerate(blocks))
    return "\n".join(each for each in written if each)
