"""What stands in place of a description: file names, place holders, credits, remains of a web page.

Each function gets one row per sample: answer (all assistant text; null where the answer holds regions or actions and no
text).
"""

from __future__ import annotations

import functools
from typing import Any

import polars as pl

from filters.signal import signal

text = functools.partial(signal, tier="text", grain="sample")

_SUFFIX = r"(?:png|jpe?g|gif|webp|svg|bmp|tiff?|avif|heic|pdf|psd|eps|ico|mp4|mov|webm)"
_FILE_NAME = rf"(?i)^\S+\.{_SUFFIX}$"
_GENERIC_NAME = (
    r"(?i)^(?:an? |the )?(?:alt(?:ernative)?[ _-]?text|images?|img|dsc|pics?|pictures?|photos?|fig(?:ure)?s?"
    r"|screen[ _-]?(?:shots?|caps?|captures?)|diagrams?|graphics?|icons?|untitled|unnamed|thumbnails?|placeholder)"
    r"[\s._#:()-]*(?:\d[\d\s._:()x-]*)?$"
)
_LONG = 400  # bytes: longer than any name, credit or place holder
# By kind, the first that fits counts. Each speaks of the whole answer, remains of markup aside.
_JUNK = {
    "file name": rf"(?i)^(?:\S+|[\w ()-]+)\.{_SUFFIX}(?:[?#]\S*)?$",
    "camera name": (
        r"(?i)^(?:img|dsc[fn]?|dscn|pict?|p|pxl|mvi|vid|gopr|dji|wp|imag|sam|cimg|mg|screenshot|screen[ _-]shot|photo)"
        r"[ _-]?(?:[a-z]{0,2}\d{3,}[\w ()-]*|\d{4}-\d\d-\d\d(?: at)? [\d.:]+(?: ?[ap]m)?(?: ?\(\d+\))?)$"
    ),
    "placeholder": (
        r"(?i)^[\W_]*(?:alt(?:ernative)?(?:[ _-]?(?:text|tag))?(?: (?:here|goes here))?"
        r"|(?:your |insert |add |enter |some )*(?:image |photo |picture )?(?:alt(?:ernative)? text|caption|description)"
        r"(?: (?:here|goes here|text|tbd|todo))?"
        r"|(?:image|photo|picture|figure)[ _-]?(?:alt|title|name|caption|description|placeholder|here|goes here)"
        r"|todo\b.{0,40}|tbd|fixme|n ?/ ?a|none|null|nil|undefined|nan|missing|unknown|empty|blank|test|testing|title"
        r"|no (?:alt|alt text|caption|description|title)(?: available| provided)?"
        r"|(?:placeholder|untitled)(?: (?:image|text|photo|document))?"
        r"|(?:image|photo|picture) (?:not available|coming soon|unavailable|missing)|xx+|asdf\w*|foo|bar|foobar"
        r"|lorem ipsum.*|default(?:[ _-]image)?|logo[ _-]?\d*|spacer|pixel|banner[ _-]?\d*|bullet|button)[\W_]*$"
    ),
    "generic name": _GENERIC_NAME,
    "web address": r"(?i)^(?:https?://|www\.)\S+$",
    "credit": (
        r"(?i)^(?:(?:photo(?:graph(?:y|ed)?)?|image|picture|pic|illustration)s? (?:by\b|via\b|courtesy\b|©"
        r"|from (?:unsplash|pexels|pixabay|shutterstock|getty|wikimedia|flickr)\b)"
        r"|(?:(?:photo|image|picture|pic) )?(?:credits?|source|courtesy)\s*(?::| by\b| of\b)"
        r"|©|\(c\) |copyright\b|via (?:getty|flickr|unsplash)).{0,70}"
        r"$"
    ),
    "page control": (
        r"(?i)^\W*(?:(?:click|tap|press)(?: here| (?:on )?(?:the )?(?:image|photo|picture|thumbnail))?"
        r" (?:to|for)(?: a)? (?:enlarge|zoom|expand|view|see|open|larger|full|download|play).{0,40}"
        r"|(?:view|open|see|download|show)(?: (?:the|a|this))? (?:full|larger?|bigger|original|full-size)"
        r"(?: (?:size|res\w*))?(?: (?:image|photo|picture|version|view))?"
        r"|enlarge(?: (?:this )?(?:image|photo))?|click here|read more|loading"
        r"|share (?:on|this).{0,30}|back to top|next|previous|play(?: video)?|close|zoom(?: in)?)\W*$"
    ),
    "markup": (
        r"(?is)!\[[^\]]*\]\(|<(?:img|a|span|div|p|font|figure|td|iframe)\s+[a-z-]+\s*=|<br\s*/?>"
        r"|\[/?(?:img|url|b|caption)\b[^\]]*\]"
        r"|<(?:b|i|u|em|strong|font|center|sup|sub)>.*</(?:b|i|u|em|strong|font|center|sup|sub)>"
        r"|\{\{.*\}\}|\{%.*%\}|<\?php"
    ),
}


@text(unit="", dtype="bool")
def answer_is_filename(samples: pl.DataFrame) -> pl.Series:
    """Whether the whole answer is a file name ("fig_03.png") or a name for any image ("Screenshot 2")."""
    answer = samples["answer"].str.strip_chars()
    return answer.str.contains(_FILE_NAME) | answer.str.contains(_GENERIC_NAME)


@text(unit="", dtype="string")
def answer_stands_for(samples: pl.DataFrame) -> pl.Series:
    """What an answer is in place of a text: a file name, placeholder, credit, markup, ...; "text" where it is none.

    One of "file name", "camera name", "generic name", "placeholder", "web address", "credit", "page control" (the whole
    answer is one), "markup" (HTML, Markdown images or template code stand in it) and "text".
    """
    answer = pl.col("answer").str.strip_chars()
    short = pl.col("answer").str.len_bytes() < _LONG
    kind: Any = pl.when(pl.col("answer").is_null()).then(None)
    for name, pattern in _JUNK.items():
        found = answer.str.contains(pattern)
        kind = kind.when(found if name == "markup" else short & found).then(pl.lit(name))
    return samples.select(kind.otherwise(pl.lit("text"))).to_series()
