"""Whether the fonts are there that pages are set in: without them a browser quietly takes others, or draws boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page as Tab

# A family that is missing looks like the generic one behind it, whichever that is; one that is there, like itself.
_MISSING = """
(families) => {
  const context = document.createElement('canvas').getContext('2d');
  const text = 'Hamburgefonstiv 0123 漢字 かな 한글 العربية Щука';
  const wide = font => { context.font = `40px ${font}`; return context.measureText(text).width; };
  const differs = (family, generic) => Math.abs(wide(`"${family}", ${generic}`) - wide(generic)) > 0.01;
  return families.filter(f => !differs(f, 'monospace') && !differs(f, 'serif') && !differs(f, 'sans-serif'));
}
"""


def check_fonts(tab: Tab, families: Sequence[str]) -> None:
    """Raises `RuntimeError` that names the families which the browser does not find, and what brings them."""
    missing: list[str] = tab.evaluate(_MISSING, sorted({*families, "Noto Sans", "Noto Sans Math"}))
    if missing:
        packages = sorted({_package(family) for family in missing})
        raise RuntimeError(f"no font {', '.join(missing)}; `apt-get install {' '.join(packages)}` brings them")


def _package(family: str) -> str:
    if "CJK" in family:
        return "fonts-noto-cjk"
    return "fonts-dejavu-core" if family.startswith("DejaVu") else "fonts-noto-core"
