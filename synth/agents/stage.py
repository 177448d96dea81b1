"""Where pages are shown: a browser with one page for each kind of screen, and what stands on it by the document."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from synth.agents.look import Profile

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Box = tuple[int, int, int, int]

# Every named element and every answer to a question that can be seen, with the part of its box that shows. An element
# counts where the point in the middle of that part belongs to it and to nothing else that can be pressed. An icon's
# box is that of its drawing, as no border shows how far the button reaches; a filled one has a disc around it. A
# slider's handle reaches beyond its ends.
_READ = r"""
() => {
  const found = [];
  const meet = (a, b) => ({left: Math.max(a.left, b.left), top: Math.max(a.top, b.top),
                           right: Math.min(a.right, b.right), bottom: Math.min(a.bottom, b.bottom)});
  const screen = {left: 0, top: 0, right: innerWidth, bottom: innerHeight};
  const cut = el => el !== null && [el, ...el.querySelectorAll('*')].some(each =>
    each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).textOverflow === 'ellipsis');
  for (const el of document.querySelectorAll('[data-kind],[data-ask],h1')) {
    const ink = el.dataset.kind === 'icon' && el.getAttribute('aria-checked') !== 'true' && el.querySelector('svg');
    const thumb = el.querySelector('.thumb');
    const bare = (ink || el).getBoundingClientRect(), round = (thumb || ink || el).getBoundingClientRect();
    const whole = {left: Math.min(bare.left, round.left), top: bare.top, bottom: bare.bottom,
                   right: Math.max(bare.right, round.right), height: bare.height};
    whole.width = whole.right - whole.left;
    const frame = el.closest('.view');
    const seen = meet(meet(whole, screen), frame ? frame.getBoundingClientRect() : screen);
    const width = seen.right - seen.left, height = seen.bottom - seen.top;
    if (width < 6 || height < 6) continue;
    const at = (x, y) => document.elementFromPoint(seen.left + x * width, seen.top + y * height);
    const middle = at(.5, .5);
    if (!middle || !el.contains(middle)) continue;
    if (el.dataset.kind && middle.closest('[data-kind]') !== el) continue;
    if (![[.2, .3], [.8, .3], [.2, .7], [.8, .7]].every(([x, y]) => el.contains(at(x, y)))) continue;
    const share = width * height / (whole.width * whole.height);
    const icons = [...el.querySelectorAll('svg')].map(each => each.dataset.svg);
    found.push({...el.dataset, tag: el.tagName.toLowerCase(), checked: el.getAttribute('aria-checked') || '',
      selected: el.getAttribute('aria-selected') || '', typed: el.value || '', text: el.textContent,
      whole: share > .98, most: share > .6, cut: cut(el.closest('.row,.card,tr') || el), looks: icons.join(' '),
      over: el.closest('.sheet') ? 'yes' : '', box: [seen.left, seen.top, seen.right, seen.bottom]});
  }
  return found;
}
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """Something that can be seen: a named element, or what answers the question `ask`. `box` is in pixels of the
    picture, of the part that shows; `whole` where that is all of it, `most` where it is the larger part; `cut` where
    its text, or its row's, ends in dots. `checked` and `selected` are "true", "false" or ""."""

    kind: str
    name: str
    box: Box
    within: str
    icon: str
    checked: str
    selected: str
    value: str
    ask: str
    answer: str
    whole: bool
    most: bool
    cut: bool
    over: bool
    drawn: str  # names of the icons that are drawn inside, with spaces between


class Stage:
    """Shows one page at a time, in the browser of its scale, which `start` starts once. Pages have no network."""

    def __init__(self, start: Callable[[float], Browser]) -> None:
        self._start = start
        self._pages: dict[float, Page] = {}

    def show(self, html: str, profile: Profile) -> Page:
        """A page with this HTML, the mouse in its upper left corner."""
        page = self.page(profile)
        page.mouse.move(0, 0)
        page.set_content(html)
        return page

    def page(self, profile: Profile) -> Page:
        """The page of a profile's scale in the profile's size, with whatever it showed last."""
        size: Any = {"width": profile.width, "height": profile.height}
        if profile.scale not in self._pages:
            browser = self._start(profile.scale)
            context = browser.new_context(viewport=size, device_scale_factor=profile.scale, offline=True)
            self._pages[profile.scale] = context.new_page()
        page = self._pages[profile.scale]
        if page.viewport_size != size:
            page.set_viewport_size(size)
        return page


def read(page: Page, scale: float) -> list[Seen]:
    """What can be seen on a page of this stage, in the order of the document."""
    return [_seen(each, scale) for each in page.evaluate(_READ)]


def pixels(box: list[float], scale: float) -> Box:
    """A box in CSS pixels as whole pixels of the picture, rounded outwards."""
    x1, y1, x2, y2 = (value * scale for value in box)
    return math.floor(x1 + 0.01), math.floor(y1 + 0.01), math.ceil(x2 - 0.01), math.ceil(y2 - 0.01)


def _seen(each: dict[str, Any], scale: float) -> Seen:
    kind = each.get("kind", "title" if each["tag"] == "h1" else "")
    return Seen(
        kind=kind,
        name=each.get("name", each["text"].strip() if kind == "title" else ""),
        box=pixels(each["box"], scale),
        within=each.get("in", ""),
        icon=each.get("does", ""),
        checked=each["checked"],
        selected=each["selected"],
        value=each["typed"] or each.get("value", ""),
        ask=each.get("ask", ""),
        answer=each.get("answer", ""),
        whole=each["whole"],
        most=each["most"],
        cut=each["cut"],
        over=bool(each["over"]),
        drawn=each["looks"],
    )
