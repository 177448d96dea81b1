"""The page as a whole: which sections there are, and how they become one file that opens offline and loads nothing.

Whatever comes from data is escaped, and control and bidirectional characters are shown as pictures of themselves.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2

from curation.ledger import Ledger
from curation.media import MediaStore
from curation.plan import last_run
from curation.report import (
    benchmarks,
    dropped,
    duplicates,
    evaluation,
    funnel,
    galleries,
    judging,
    palette,
    signals,
    training,
)
from curation.report.picture import Thumbnails
from curation.visible import visible


def write_report(store: str, out: Path) -> Path:
    """Writes `out/report.html` about the last run of a store, and gives its path.

    A section whose stages have not run is left out, and the page says so. The same run gives the same page. Raises
    `TableError` where no run has been made.
    """
    ledger = Ledger.of(store)
    page = out / "report.html"
    out.mkdir(parents=True, exist_ok=True)
    text = render_page(ledger, Thumbnails(MediaStore(store)), last_run(store))
    page.write_text(text, encoding="utf-8")
    return page


def render_page(ledger: Ledger, thumbnails: Thumbnails, run: dict[str, Any]) -> str:
    """The page's HTML. `run` has the `recipe`'s name and the `run`'s."""
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            run=run,
            tiles=funnel.tiles(ledger),
            funnel=funnel.funnel(ledger),
            rules=funnel.rules(ledger),
            dropped=dropped.by_source(ledger),
            signals=signals.histograms(ledger),
            galleries=galleries.galleries(ledger, thumbnails),
            duplicates=duplicates.duplicates(ledger, thumbnails),
            held=benchmarks.held(ledger, thumbnails),
            mix=funnel.mix(ledger),
            scores=judging.scores(ledger),
            samplings=judging.samplings(ledger),
            pairs=judging.preferences(ledger, thumbnails),
            review=judging.review(ledger),
            trainings=training.trainings(ledger),
            metrics=evaluation.metrics(ledger),
            examples=evaluation.before_after(ledger, thumbnails),
        )
    )


def environment() -> jinja2.Environment:
    """`finalize` sees every value before it is escaped, so that no text of a page can be forgotten."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("curation.report", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    made.globals["colours"] = palette.NAMED
    return made


def _finalize(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
