"""Charts with five samples each: their data as HTML, three questions, and where a mark is."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from curation.contract.sample import Answer, Media, Part, Region, Sample, Task, Turn, media_part, region_part, text_part
from synth import browser
from synth.browser import chromium
from synth.drawing import Box, bbox, encode
from synth.generator import Generator, Make
from synth.plots import plotly_page
from synth.plots.ask import Question, ask_compare, ask_compute, ask_read
from synth.plots.axes import PAINTERS, draw
from synth.plots.drawn import Drawn, Mark, body, crossed, crowded, tight
from synth.plots.facts import Facts, Kind, draw_facts
from synth.plots.figure import load_fonts
from synth.plots.style import Library, Style, draw_style
from synth.specimen import Specimen, medium

if TYPE_CHECKING:
    from playwright.sync_api import Page

PROMPT = "QwenVL HTML "
_TRIES = 40
_SEABORN: tuple[Kind, ...] = ("bar", "barh", "line", "scatter", "heatmap", "box", "histogram")
_KINDS: dict[Library, tuple[Kind, ...]] = {
    "matplotlib": tuple(PAINTERS),
    "seaborn": _SEABORN,
    "plotly": plotly_page.KINDS,
}
# What a mark is called; the words that ask for one of them, for all of a series, and for the title.
_NOUNS: dict[str, dict[str, tuple[str, str]]] = {
    "en": {"bar": ("bar", "bars"), "slice": ("slice", "slices"), "point": ("point", "points"),
           "cell": ("cell", "cells"), "box": ("box", "boxes"), "node": ("node", "nodes")},
    "de": {"bar": ("Balken", "Balken"), "slice": ("Sektor", "Sektoren"), "point": ("Punkt", "Punkte"),
           "cell": ("Feld", "Felder"), "box": ("Kasten", "Kästen"), "node": ("Knoten", "Knoten")},
    "zh": {"bar": ("条形", "条形"), "slice": ("扇形", "扇形"), "point": ("数据点", "数据点"),
           "cell": ("单元格", "单元格"), "box": ("箱体", "箱体"), "node": ("节点", "节点")},
}  # fmt: skip
_LOCATE = {
    "en": ("Locate the {noun}: {name}.", "Locate all {noun}{of}, each by its name.",
           "Locate the title of the chart.", " of {column}"),
    "de": ("Wo ist dieses Element ({noun}): {name}?", "Finde alle {noun}{of}, jeweils mit Namen.",
           "Wo steht der Titel des Diagramms?", " von {column}"),
    "zh": ("找出“{name}”的{noun}。", "{of}所有{noun}分别在哪里？请注明名称。", "图表的标题在哪里？", "{column}的"),
}  # fmt: skip
_MARK_OF: dict[Kind, str] = {
    "bar": "bar", "barh": "bar", "stacked": "bar", "histogram": "bar", "line": "point", "area": "point",
    "scatter": "point", "radar": "point", "pie": "slice", "donut": "slice", "heatmap": "cell", "box": "box",
    "network": "node",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Charts:
    """Makes charts; `page` has plotly's script in it."""

    page: Page

    def __call__(self, rng: random.Random) -> Sequence[Specimen]:
        return self.made(rng)[0]

    def made(self, rng: random.Random) -> tuple[Sequence[Specimen], Facts, Style, Drawn]:
        """The samples of a chart, and the chart."""
        facts, style, drawn = self.plan(rng)
        return _views(rng, facts, style, drawn), facts, style, drawn

    def plan(self, rng: random.Random) -> tuple[Facts, Style, Drawn]:
        """A chart none of whose texts, points or bars is in another's way.

        Raises:
            RuntimeError: forty charts in a row were crowded.
        """
        library: Library = rng.choice(("matplotlib", "seaborn", "plotly"))
        kind = rng.choice(_KINDS[library])
        for _ in range(_TRIES):
            facts = draw_facts(rng, kind)
            style = draw_style(rng, facts, library)
            drawn = self.draw(facts, style)
            if not crowded(drawn) and not crossed(facts, drawn):
                return facts, style, drawn
        raise RuntimeError(f"no {kind} chart of {library} had room for its texts")

    def draw(self, facts: Facts, style: Style) -> Drawn:
        if style.library == "plotly":
            return plotly_page.draw_plotly(self.page, facts, style)
        if style.library == "seaborn":
            from synth.plots.seaborn_axes import draw_seaborn

            return draw_seaborn(facts, style)
        return draw(facts, style)


def _views(rng: random.Random, facts: Facts, style: Style, drawn: Drawn) -> list[Specimen]:
    data = encode(drawn.image, style.suffix, rng.randint(85, 95))
    media = medium(data)
    tags = ("build:chart", f"chart:{facts.kind}", f"drawn:{style.library}", f"language:{facts.words.language}")
    page = _page(facts, drawn)
    samples = [
        _sample("document", media, PROMPT, [text_part(page)], Answer(text=page, verifier="table"), tags),
        *(
            _asked(media, ask(rng, facts), (*tags, f"ask:{name}"))
            for name, ask in (("read", ask_read), ("compare", ask_compare), ("compute", ask_compute))
        ),
        _locate(rng, facts, drawn, media, tags),
    ]
    return [Specimen(sample, {media.sha256: data}) for sample in samples]


def _page(facts: Facts, drawn: Drawn) -> str:
    """The picture as QwenVL HTML: its title, the chart with its data, the note."""
    title, note, chart = tight(drawn.image, drawn.title), tight(drawn.image, drawn.note), body(drawn)
    lines = [f'<h2 data-bbox="{bbox(title)}">{escape(facts.title)}</h2>']
    img = f'<img data-bbox="{bbox(chart)}" />'
    lines.append(f'<div class="chart" data-bbox="{bbox(chart)}">{img}{_table(facts)}</div>')
    if facts.note:
        lines.append(f'<p data-bbox="{bbox(note)}">{escape(facts.note)}</p>')
    return "<html><body>\n" + "\n".join(lines) + "\n</body></html>"


def _table(facts: Facts) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in (facts.header, *facts.columns))
    rows = [
        f"<tr><td>{escape(name)}</td>" + "".join(f"<td>{facts.say(value)}</td>" for value in values) + "</tr>"
        for name, values in zip(facts.rows, facts.values, strict=True)
    ]
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"


def _asked(media: Media, question: Question, tags: tuple[str, ...]) -> Sample:
    answer = Answer(text=question.answer, verifier=question.verifier)
    return _sample("vqa", media, question.text, [text_part(question.answer)], answer, tags)


def _locate(rng: random.Random, facts: Facts, drawn: Drawn, media: Media, tags: tuple[str, ...]) -> Sample:
    """One mark, or all of a series; the title where marks have no boxes of their own."""
    one, several, title, of = _LOCATE[facts.words.language]
    if not drawn.marks:
        region = _region(tight(drawn.image, drawn.title), facts.title)
        return _pointing(media, title, [region], (*tags, "ask:title"))
    nouns = _NOUNS[facts.words.language][_MARK_OF[facts.kind]]
    if rng.random() < 0.5 or facts.kind in ("pie", "donut"):
        mark = rng.choice(drawn.marks)
        name = _label(facts, mark)
        return _pointing(media, one.format(noun=nouns[0], name=name), [_region(mark.box, name)], (*tags, "ask:one"))
    column = rng.choice(sorted({mark.column for mark in drawn.marks}))
    named = of.format(column=facts.columns[column]) if column >= 0 and _several(facts) else ""
    regions = [_region(mark.box, mark.name) for mark in drawn.marks if mark.column == column]
    return _pointing(media, several.format(noun=nouns[1], of=named), regions, (*tags, "ask:all"))


def _several(facts: Facts) -> bool:
    return len(facts.columns) > 1 and facts.kind != "scatter"


def _label(facts: Facts, mark: Mark) -> str:
    return f"{mark.name}, {facts.columns[mark.column]}" if mark.column >= 0 and _several(facts) else mark.name


def _region(box: Box, label: str) -> Region:
    return Region(points=tuple(float(value) for value in box), label=label)


def _pointing(media: Media, text: str, regions: list[Region], tags: tuple[str, ...]) -> Sample:
    parts = [region_part(index) for index in range(len(regions))]
    labels = "\n".join(region.label for region in regions)
    answer = Answer(text=labels, verifier="box" if len(regions) == 1 else "boxes")
    return _sample("grounding", media, text, parts, answer, tags, tuple(regions))


def _sample(
    task: Task,
    media: Media,
    prompt: str,
    parts: list[Part],
    answer: Answer,
    tags: tuple[str, ...],
    regions: tuple[Region, ...] = (),
) -> Sample:
    turns = (
        Turn(role="user", parts=(media_part(0), text_part(prompt))),
        Turn(role="assistant", parts=tuple(parts)),
    )
    return Sample(
        row_id="", source="", task=task, messages=turns, media=(media,), regions=regions, answer=answer, tags=tags
    )


@contextmanager
def _open() -> Iterator[Make]:
    load_fonts()
    with chromium() as browser:
        yield Charts(plotly_page.open_page(browser))


GENERATOR = Generator(
    name="charts",
    about="charts by matplotlib, seaborn and plotly: data as HTML, questions, marks",
    version=2,
    views=5,
    libraries=(*browser.LIBRARIES, "matplotlib", "seaborn", "plotly", "numpy"),
    cannot=(
        "three-dimensional charts, maps, charts with two axes of values or with an axis that does not begin at 0",
        "logarithmic axes and axes of dates",
        "drawn by hand, photographed, scanned or exported by office programs",
        "negative values, missing values and error bars",
        "Sankey, treemap, violin, candlestick and Gantt charts",
        "questions that need knowledge from outside of the chart or more than two values in a comparison",
        "languages other than English, German and Chinese",
    ),
    open=_open,
)
