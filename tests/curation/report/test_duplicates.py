"""What a row's story and the report say of duplicates and evaluation sets, by tables made by hand."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from PIL import Image
from typer.testing import CliRunner

from curation.cli import app
from curation.ledger import reasons, story
from curation.media import MediaStore
from curation.report.benchmarks import held
from curation.report.duplicates import by_kind, largest_groups, search
from curation.report.funnel import funnel, tiles
from curation.report.galleries import kept, quarantined
from curation.report.page import render_page
from curation.report.picture import Thumbnails
from curation.report.why import pieces, render_why
from curation.tell import story_text

HOSTILE = "</pre></div><script>alert(1)</script><img src=x onerror=alert(2)> {{ 7 * 7 }} | `x` \x1b \u202e"
SHOWN = HOSTILE.replace("\x1b", "\u241b").replace("\u202e", "\u2421")
TWINS = [f"s:twin{number:02}" for number in range(12)]


def sample(row_id: str, says: str, sha256: str = "") -> dict[str, Any]:
    turns = [("user", "What is it?"), ("assistant", says)]
    parts = [{"role": role, "parts": [{"kind": "text", "text": text, "index": -1}]} for role, text in turns]
    media = [{"sha256": sha256, "orientation": 1}] if sha256 else []
    named = {"row_id": row_id, "sample_id": row_id, "source": row_id.split(":")[0], "task": "vqa"}
    unread = {"regions": [], "steps": [], "fate": "kept", "reason": "", "detail": ""}
    return {**named, "messages": parts, "media": media, **unread}


def held_item(benchmark: str, how: str, shared: str = "") -> dict[str, str]:
    return {"benchmark": benchmark, "item": f"{benchmark}:1", "how": how, "shared": shared}


def edge(a: str, b: str, kind: str, detail: str = "") -> dict[str, Any]:
    named = {"row_id": f"{kind}~{a}~{b}", "sample_id": "", "a": a, "b": b, "kind": kind, "bits": 2, "similarity": 0.9}
    return {**named, "fate": "made", "reason": kind, "detail": detail}


def deduplicated(row_id: str, group: str, contents: list[str], twin: str = "", kind: str = "") -> dict[str, Any]:
    named = {"row_id": row_id, "sample_id": row_id, "source": "s", "task": "vqa", "group": group, "contents": contents}
    told = f"the same as {twin}: {HOSTILE}" if twin else ""
    return {
        **named,
        "duplicate_of": twin or None,
        "fate": "dropped" if twin else "kept",
        "reason": kind,
        "detail": told,
    }


@pytest.fixture
def copies(shelf: Any) -> Any:
    """`s:best` is kept for twelve others and for `s:near`, whose picture is nearly its own; `s:alone` is like no other.
    `s:gone` was dropped by a rule, with a picture like the one of `s:best`."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(buffer, "PNG")
    picture = MediaStore(shelf.store).put(buffer.getvalue())
    read = [
        sample("s:best", HOSTILE, picture),
        sample("s:near", "near " + HOSTILE, picture),
        sample("s:alone", "alone"),
    ]
    shelf.put("ingest_s", pa.Table.from_pylist(read), {"in": 20, "kept": 18, "quarantined": 2}, {"licence": "MIT"})
    measured = {"row_id": ["s:best", "s:near", "s:gone"], "pixel_hash": [["p1"], ["p2"], ["p3"]]}
    shelf.put("measure", pa.table({**measured, "sample_id": ["", "", ""], "fate": ["kept"] * 3, "reason": [""] * 3}))
    edges = [
        edge("p1", "p2", "near_image", HOSTILE),
        edge("p1", "p3", "mirrored_image"),
        edge("p1", "p9", "near_image"),
        edge("p7", "p8", "near_image"),
        edge("t1", "t2", "near_text"),
    ]
    pictures = {"compared": 9, "too_plain_for_a_hash": 1, "candidates": 7, "stood_for": 2, "crowded": 3}
    texts = {"compared": 5, "candidates": 4, "stood_for": 0, "crowded": 0}
    shelf.put("match", pa.Table.from_pylist(edges), {"made": 5}, search={"pictures": pictures, "texts": texts})
    rows = [
        deduplicated("s:best", "p1", ["p1"]),
        deduplicated("s:near", "p1", ["p2"], "s:best", "near_image"),
        deduplicated("s:alone", "t5", ["t5"]),
        *[deduplicated(twin, "p1", ["p1"], "s:best", "exact_image") for twin in TWINS],
    ]
    shelf.put("deduplicate", pa.Table.from_pylist(rows), {"in": 15, "kept": 2, "dropped": 13})
    return shelf


@pytest.fixture
def checked(copies: Any) -> Any:
    """The same, checked against two evaluation sets, of which one has the source's name."""
    (item,) = [sample("s:1", "item " + HOSTILE)]
    copies.put("benchmark_s", pa.Table.from_pylist([item]), {"in": 3, "kept": 2, "quarantined": 1}, {"licence": "CC0"})
    unread = {"row_id": ["other:9"], "sample_id": [""], "fate": ["quarantined"], "reason": ["cut"], "detail": ["x"]}
    copies.put("benchmark_other", pa.table(unread), {"in": 1, "quarantined": 1})
    found = [
        held_item("s", "ngram", "shared " + HOSTILE),
        held_item("s", "picture"),
        held_item("other", "near_picture"),
    ]
    named = {"row_id": ["s:best", "s:alone"], "sample_id": ["", ""], "source": ["s", "s"], "task": ["vqa", "vqa"]}
    lists = pa.array([found, []], pa.list_(pa.struct([(name, pa.string()) for name in found[0]])))
    fates = {"fate": ["dropped", "kept"], "reason": ["contaminated", ""], "detail": ["held", ""]}
    copies.put(
        "decontaminate",
        pa.table({**named, "contaminated": lists, **fates}),
        {"in": 2, "kept": 1, "dropped": 1},
        {"on_match": "drop", "ngram": 13, "most_items": 10},
        benchmarks={"s": {"ignored": 4, "blind": 1}, "other": {"ignored": 0, "blind": 0}},
    )
    return copies


def of_stage(entries: list[dict[str, Any]], stage: str) -> list[dict[str, Any]]:
    return [entry for entry in entries if entry["stage"] == stage]


# ---- a row's story ----


def test_a_duplicates_story_has_the_edges_of_its_contents(copies: Any) -> None:
    entries = story(copies.ledger, "s:near")
    (found,) = of_stage(entries, "match")
    assert (found["kind"], found["other"], found["detail"]) == ("near_image", "p1", HOSTILE)
    assert found["held_by"] == sorted(["s:best", *TWINS])[:10] and found["held_by_in_all"] == 13
    (mine,) = of_stage(entries, "deduplicate")
    assert mine["duplicate_of"] == "s:best" and "stands_for" not in mine
    assert [entry["stage"] for entry in entries] == ["ingest_s", "measure", "match", "deduplicate"]


def test_a_kept_rows_story_has_those_that_went_for_it(copies: Any) -> None:
    entries = story(copies.ledger, "s:best")
    (gone,) = [entry["stands_for"] for entry in of_stage(entries, "deduplicate")]
    assert gone["rows"] == 13
    assert [row["row_id"] for row in gone["first"]] == sorted(["s:near", *TWINS])[:10]
    assert gone["first"][1]["reason"] == "exact_image"
    far = {found["other"]: (found["held_by"], found["held_by_in_all"]) for found in of_stage(entries, "match")}
    # A row that a rule dropped holds p3; p9 is nobody's here.
    assert far == {"p2": (["s:near"], 1), "p3": (["s:gone"], 1), "p9": ([], 0)}


def test_a_row_without_copies_has_neither(copies: Any) -> None:
    entries = story(copies.ledger, "s:alone")
    assert not of_stage(entries, "match") and "stands_for" not in of_stage(entries, "deduplicate")[0]
    assert story(copies.ledger, "absent") == []


def test_a_story_in_words(copies: Any) -> None:
    told = story_text(story(copies.ledger, "s:best")).plain
    assert "rows that went for it   13" in told and "  exact_image           s:twin00" in told and "and 3 more" in told
    assert "the same as in          s:gone" in told and "the same as in          no row of the sources" in told
    assert "\x1b" not in told and "\u202e" not in told
    one = story_text(story(copies.ledger, "s:near"))
    assert "s:best, s:twin00" in one.plain and "s:twin08 and 3 more" in one.plain
    assert "".join(text for _, text in pieces(one)) == one.plain
    assert ("bold", "match                   ") in pieces(one)


def test_tables_of_an_older_run_have_a_story_too(shelf: Any) -> None:
    shelf.put("match", pa.Table.from_pylist([edge("p1", "p2", "near_image")]))
    rows = {"row_id": ["s:1"], "sample_id": [""], "duplicate_of": ["s:2"], "fate": ["dropped"], "reason": ["exact"]}
    shelf.put("deduplicate", pa.table(rows))
    assert [entry["stage"] for entry in story(shelf.ledger, "s:1")] == ["deduplicate"]


# ---- sections ----


def test_duplicates_by_kind_and_their_search(copies: Any) -> None:
    assert [(kind, rows) for kind, _, rows in by_kind(copies.ledger)] == [("exact_image", 12), ("near_image", 1)]
    lost = [(one["stage"], one["reason"], one["rows"]) for one in reasons(copies.ledger)]
    assert lost == [("deduplicate", "exact_image", 12), ("deduplicate", "near_image", 1)]  # edges are no lost rows
    pictures, texts = search(copies.ledger)
    assert pictures[0] == "pictures" and pictures[1]["confirmed"] == 4 and pictures[1]["crowded"] == 3
    assert texts[1]["candidates"] == 4 and texts[1]["confirmed"] == 1 and texts[1]["too_plain_for_a_hash"] is None


def test_what_embeddings_found_is_told_apart(shelf: Any) -> None:
    shelf.put(
        "match", pa.Table.from_pylist([edge("a", "b", "semantic_image"), edge("a", "c", "semantic_image")]), search={}
    )
    ((name, found),) = search(shelf.ledger)
    assert (name, found["confirmed"], found["compared"]) == ("images by embeddings", 2, None)


def test_the_largest_groups_have_an_example_that_was_kept(copies: Any) -> None:
    (card,) = largest_groups(copies.ledger, Thumbnails(MediaStore(copies.store)))  # a row of its own is no group
    assert (card.row_id, card.badge) == ("s:best", "14 rows, 13 of them dropped") and card.pictures[0].uri


def test_rows_are_counted_without_evaluation_sets_and_edges(checked: Any) -> None:
    found = funnel(checked.ledger)
    assert [stage["name"] for stage in found["stages"]] == ["ingest", "deduplicate", "decontaminate"]
    assert [source["name"] for source in found["sources"]] == ["s"] and found["stages"][0]["in"] == 20
    assert [(one["name"], one["in"]) for one in found["benchmarks"]] == [("s", 3), ("other", 1)]
    told = {what: (number, more) for number, what, more in tiles(checked.ledger)}
    assert told["raw rows"] == ("20", "1 source") and told["quarantined"] == ("2", "10.0% of the raw rows")
    assert told["in an evaluation set"] == ("1", "dropped")
    assert quarantined(checked.ledger) == []
    assert [one.row_id for one in kept(checked.ledger)[0].chosen] == ["s:alone"]


def test_what_evaluation_sets_hold(checked: Any) -> None:
    found = held(checked.ledger, Thumbnails(MediaStore(checked.store)))
    assert found is not None and (found["rows"], found["checked"], found["dropped"]) == (1, 2, True)
    other, mine = found["sets"]
    assert (mine["name"], mine["items"], mine["rows"], mine["blind"], mine["ignored"]) == ("s", 2, 1, 1, 4)
    assert mine["by"] == {"picture": 1, "near_picture": 0, "ngram": 1, "short_answer": 0}
    assert (other["name"], other["rows"], other["by"]["near_picture"]) == ("other", 1, 1)
    shown = {left.badge: (left, right) for left, right in found["cards"]}
    row, item = shown["s: words in a row"]
    assert (row.row_id, row.note, row.fate) == ("s:best", "shared " + HOSTILE, "dropped")
    assert (item.row_id, item.answer) == ("s:1", "item " + HOSTILE)  # not the source's row of that id
    assert held(checked.ledger)["cards"] == []  # type: ignore[index]


def test_nothing_held_and_nothing_checked(shelf: Any) -> None:
    assert held(shelf.ledger) is None
    lists = pa.array([[]], pa.list_(pa.struct([(name, pa.string()) for name in held_item("b", "ngram")])))
    rows = {"row_id": ["s:1"], "contaminated": lists, "fate": ["kept"], "reason": [""]}
    shelf.put(
        "decontaminate", pa.table(rows), {"in": 1, "kept": 1}, {"on_match": "flag"}, benchmarks={"b": {"blind": 2}}
    )
    found = held(shelf.ledger)
    assert found is not None and (found["rows"], found["dropped"]) == (0, False)
    assert [(one["name"], one["rows"], one["blind"]) for one in found["sets"]] == [("b", 0, 2)]


# ---- pages ----


def opened(browser: Any, page: Path) -> tuple[Any, list[str]]:
    """A tab with the page, without a network, and what it asks for or pops up."""
    told: list[str] = []
    tab = browser.new_context(offline=True, viewport={"width": 1200, "height": 900}).new_page()
    tab.on("console", lambda message: told.append(f"console: {message.text}"))
    tab.on("dialog", lambda dialog: (told.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    tab.on("request", lambda request: told.append(request.url) if not request.url.startswith("data:") else None)
    tab.goto(page.as_uri())
    return tab, told


def test_the_report_shows_them_and_data_stays_data(checked: Any, chromium: Any, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    text = render_page(checked.ledger, Thumbnails(MediaStore(checked.store)), {"recipe": "demo", "run": "1"})
    page.write_text(text, encoding="utf-8")
    tab, told = opened(chromium, page)
    assert told == [page.as_uri()]
    assert tab.evaluate("document.scripts.length") == 0 and tab.locator("[onerror]").count() == 0
    shown = tab.inner_text("#duplicates")
    assert f"the same as s:best: {SHOWN}" in shown and "14 rows, 13 of them dropped" in shown
    assert "confirmed: pairs that are the same at the second look\t4\t1" in shown
    sets = tab.inner_text("#held")
    assert "They were dropped: 1 of 2 rows" in sets and f"shared {SHOWN}" in sets and f"item {SHOWN}" in sets
    assert tab.locator("#held .pair").count() == 3
    tab.set_viewport_size({"width": 420, "height": 900})
    assert tab.evaluate("document.documentElement.scrollWidth") == 420


@pytest.mark.parametrize(
    ("identity", "about", "pairs"),
    [
        ("s:near", "The row that went, and the row that is kept in its stead.", 1),
        ("s:best", "The row that is kept, and rows that went in its stead: 10 of 13.", 13),  # and three items
        ("s:alone", "No other row counts as one with it.", 0),
    ],
)
def test_a_rows_page_has_it_beside_its_twins(
    identity: str, about: str, pairs: int, checked: Any, chromium: Any, tmp_path: Path
) -> None:
    page, thumbnails = tmp_path / "why.html", Thumbnails(MediaStore(checked.store), 460)
    entries = story(checked.ledger, identity)
    page.write_text(render_why(checked.ledger, thumbnails, identity, entries), encoding="utf-8")
    tab, told = opened(chromium, page)
    assert told == [page.as_uri()]
    assert tab.evaluate("document.scripts.length") == 0 and tab.locator("[onerror]").count() == 0
    assert tab.inner_text("#twins .about") == about and tab.locator("#twins .pair").count() == pairs
    assert tab.inner_text("pre.story").strip() == story_text(entries).plain.strip()
    if identity == "s:near":
        assert f"near {SHOWN}" in tab.inner_text("#twins") and "kept in its stead" in tab.inner_text("#twins")
        assert tab.eval_on_selector_all("#twins img", "all => all.map(each => each.naturalWidth)") == [64, 64]


def test_the_command_writes_a_page_and_json(copies: Any, tmp_path: Path) -> None:
    copies.note_run()
    page, asked = tmp_path / "new" / "why.html", ["why", "s:near", "--store", copies.store]
    told = CliRunner().invoke(app, [*asked, "--html", str(page)])
    assert told.exit_code == 0 and "kept in its stead" in page.read_text() and not told.stdout
    entries = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert of_stage(entries, "match")[0]["held_by_in_all"] == 13
