"""Documents: pages laid out by a real browser, and all that can be said about each.

`blocks`, `table`, `figures` and `formula` are what stands on a page; `papers` and `reports` put pages together in the
languages of the `words_*` modules; `layout` reads where the browser set everything; `views` writes the samples.
"""

from synth.documents.generator import GENERATOR

__all__ = ["GENERATOR"]
