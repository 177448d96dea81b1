"""Where things stand on a rendered page, as the browser's own layout and fonts have it: lines with their ink."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]  # (height, width, 3)
Quad = tuple[float, ...]  # x, y of four corners, clockwise from the upper left as one reads


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text that belongs to the element `name`; an element's lines follow each other. `words` are the quads of
    its words, or of its characters where any may end a line."""

    name: str
    text: str
    quad: Quad
    words: tuple[Quad, ...]


@dataclass(frozen=True, slots=True)
class Laid:
    """`boxes` are the elements that are seen themselves, by name. All is in pixels of the image; a corner's x and y are
    edges, so that a box's x2 is one past its last pixel. `gone` are the blocks that did not fit."""

    width: int
    height: int
    lines: tuple[Line, ...]
    boxes: tuple[tuple[str, Quad], ...]
    gone: int

    def box(self, name: str) -> tuple[int, int, int, int]:
        """The smallest upright box in whole pixels around all words and pictures of an element. Raises KeyError where
        nothing of it is to be seen."""
        quads = [quad for each in self.lines if _of(each.name, name) for quad in each.words]
        quads += [quad for each, quad in self.boxes if _of(each, name)]
        if not quads:
            raise KeyError(f"nothing on the page belongs to {name}")
        return upright(quads, self.width, self.height)

    def written(self, name: str) -> str:
        """`box` as a data-bbox says it."""
        return " ".join(map(str, self.box(name)))

    def moved(self, matrix: npt.NDArray[np.float64]) -> Laid:
        """The same page seen through a homography (3, 3) of its pixels' edges."""
        from synth.degrade import moved

        lines = tuple(
            Line(each.name, each.text, moved(matrix, each.quad), tuple(moved(matrix, word) for word in each.words))
            for each in self.lines
        )
        boxes = tuple((name, moved(matrix, quad)) for name, quad in self.boxes)
        return Laid(self.width, self.height, lines, boxes, self.gone)


def _of(name: str, whole: str) -> bool:
    return name == whole or name.startswith(whole + ".")


def upright(quads: Sequence[Quad], width: int, height: int) -> tuple[int, int, int, int]:
    """The smallest box in whole pixels around quads, inside an image."""
    xs = [x for quad in quads for x in quad[0::2]]
    ys = [y for quad in quads for y in quad[1::2]]
    return (
        max(0, math.floor(min(xs) + 1e-3)),
        max(0, math.floor(min(ys) + 1e-3)),
        min(width, math.ceil(max(xs) - 1e-3)),
        min(height, math.ceil(max(ys) - 1e-3)),
    )


def read_layout(found: dict[str, Any], image: Image) -> Laid:
    """What `MEASURE` gave, in the picture of the same page: `ink` elements shrink to what is coloured in them."""
    height, width = image.shape[:2]
    lines = tuple(
        Line(each["name"], each["text"], tuple(each["quad"]), tuple(map(tuple, each["words"])))
        for each in found["lines"]
    )
    boxes = tuple(
        (each["name"], _ink(image, each["quad"]) if each["kind"] == "ink" else tuple(each["quad"]))
        for each in found["boxes"]
    )
    return Laid(width, height, lines, boxes, found["gone"])


def _ink(image: Image, quad: Sequence[float]) -> Quad:
    """What differs from the colour of its upper left pixel in an upright element; all of it where nothing does."""
    x1, y1, x2, y2 = upright([tuple(quad)], image.shape[1], image.shape[0])
    part = image[y1:y2, x1:x2].astype(np.int16)
    seen = np.abs(part - part[0, 0]).max(axis=2) > 8
    if not seen.any():
        return tuple(quad)
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    left, top, right, bottom = x1 + columns[0], y1 + rows[0], x1 + columns[-1] + 1, y1 + rows[-1] + 1
    return tuple(map(float, (left, top, right, top, right, bottom, left, bottom)))


# Fits the page, then reads it. A word's ink is that of its font's own glyphs (measureText) from where the layout set
# them; turned elements are read upright and their corners turned after it.
MEASURE = r"""
() => {
  const sheet = document.getElementById('sheet'), flow = document.getElementById('flow');
  const out = {gone: 0, lines: [], boxes: []};
  if (sheet.style.height) {
    const room = flow.getBoundingClientRect(), children = [...flow.children];
    const count = parseInt(getComputedStyle(flow).columnCount) || 1;
    const column = (room.width - 28 * (count - 1)) / count;
    const fits = el => { const r = el.getBoundingClientRect();
      return r.width <= column + .5 && r.bottom <= room.bottom + .5 && r.right <= room.right + .5
        && r.left >= room.left - .5; };
    let last = children.findIndex(el => !fits(el));
    if (last < 0) last = children.length;
    while (last > 0 && last < children.length && children[last - 1].hasAttribute('data-keep')) last--;
    out.gone = children.length - last;
    children.slice(last).forEach(el => el.remove());
  } else {
    sheet.style.height = Math.ceil(sheet.getBoundingClientRect().height / 28) * 28 + 'px';
  }
  const context = document.createElement('canvas').getContext('2d'), finer = 8;  // glyph bounds come in whole pixels
  context.textAlign = 'left';
  const setFont = node => {  // gives the ascent of the font too
    const style = getComputedStyle(node.parentElement);
    const font = size => `${style.fontWeight} ${size}px ${style.fontFamily}`, size = parseFloat(style.fontSize);
    context.direction = style.direction;
    context.font = font(size);
    const ascent = Math.round(context.measureText('x').fontBoundingBoxAscent);  // whole, as in the layout
    context.font = font(finer * size);
    return ascent;
  };
  const wide = '\u3000-\u9fff\uac00-\ud7af\uff00-\uffef', dash = '\\-\u2010\u2013\u2014/';
  // A line may end after each wide character, and after a dash within a word.
  const words = new RegExp(`[${wide}]|[^\\s${wide}${dash}]*[${dash}]+|[^\\s${wide}${dash}]+`, 'gu');
  const wordsOf = node => {
    const ascent = setFont(node);
    const range = document.createRange();
    return [...node.data.matchAll(words)].map(word => {
      const start = word.index, end = start + word[0].length;
      range.setStart(node, start); range.setEnd(node, end);
      const r = range.getBoundingClientRect(), m = context.measureText(word[0]);
      const base = Math.round(r.top + ascent);  // as glyphs are painted
      return {node, start, end, middle: (r.top + r.bottom) / 2, height: r.height,
              box: [r.left - m.actualBoundingBoxLeft / finer, base - m.actualBoundingBoxAscent / finer,
                    r.right - (m.width - m.actualBoundingBoxRight) / finer, base + m.actualBoundingBoxDescent / finer]};
    });
  };
  const between = (a, b) => a.node === b.node ? a.node.data.slice(a.end, b.start)
    : a.node.data.slice(a.end) + b.node.data.slice(0, b.start);
  const linesOf = element => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT), lines = [];
    let last = null;
    for (let node; node = walker.nextNode();) for (const word of wordsOf(node)) {
      const text = word.node.data.slice(word.start, word.end);
      if (last && Math.abs(last.middle - word.middle) < word.height / 2) {
        lines.at(-1).text += between(last, word) + text; lines.at(-1).boxes.push(word.box);
      } else lines.push({text, boxes: [word.box]});
      last = word;
    }
    return lines;
  };
  const around = boxes => [0, 1].map(i => Math.min(...boxes.map(box => box[i])))
    .concat([2, 3].map(i => Math.max(...boxes.map(box => box[i]))));
  const turn = (box, turned) => {
    const [x1, y1, x2, y2] = box, corners = [x1, y1, x2, y1, x2, y2, x1, y2];
    if (!turned) return corners;
    const {matrix, x, y} = turned;
    return corners.map((_, i) => { const at = i & ~1, dx = corners[at] - x, dy = corners[at + 1] - y;
      return i % 2 ? y + matrix.b * dx + matrix.d * dy : x + matrix.a * dx + matrix.c * dy; });
  };
  const turned = new Map();
  for (const element of document.querySelectorAll('.stamp')) {
    const matrix = new DOMMatrix(getComputedStyle(element).transform);
    element.dataset.turned = element.style.transform; element.style.transform = 'none';
    const r = element.getBoundingClientRect();
    turned.set(element, {matrix, x: (r.left + r.right) / 2, y: (r.top + r.bottom) / 2});
  }
  const turnOf = element => turned.get(element.closest('.stamp'));
  for (const element of document.querySelectorAll('[data-r]')) {
    const r = element.getBoundingClientRect();
    out.boxes.push({name: element.dataset.name, kind: element.dataset.r,
                    quad: turn([r.left, r.top, r.right, r.bottom], turnOf(element))});
  }
  for (const element of document.querySelectorAll('[data-k]')) for (const line of linesOf(element))
    out.lines.push({name: element.dataset.k, text: line.text, quad: turn(around(line.boxes), turnOf(element)),
                    words: line.boxes.map(box => turn(box, turnOf(element)))});
  for (const element of turned.keys()) element.style.transform = element.dataset.turned;
  const size = sheet.getBoundingClientRect();
  out.width = Math.round(size.width); out.height = Math.round(size.height);
  return out;
}
"""
