"""From raw rows to the rows that are kept: planted copies go, what only looks alike stays, benchmarks stay out."""

from __future__ import annotations

import io
import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from curation.contract.recipe import RecipeError
from curation.contract.table import read_beside, read_manifest, read_table
from curation.ledger import Ledger
from curation.progress import console
from curation.run import execute
from curation.workspace import Workspace

pytestmark = pytest.mark.spark

LONG = (
    "Water boils at a lower temperature on a mountain because the pressure of the air is lower there, so that the "
    "molecules of the liquid need less energy to leave it."
)
TEXTS = {
    "boil": ("Why does water boil sooner on a mountain?", LONG),
    "boil_spaced": ("why does  water boil sooner on a mountain?", LONG.upper()),
    "boil_reworded": ("Why does water boil sooner on a mountain?", LONG.replace("molecules", "atoms")),
    "boil_other_question": ("Why does water boil later on a mountain?", LONG),
    "sum": ("What is 1250 plus 31? Explain how you add the two numbers, step by step.", "The sum is 1281."),
    "sum_other": ("What is 1250 plus 32? Explain how you add the two numbers, step by step.", "The sum is 1282."),
    "benchmark_question": ("Name the capital city of the country of Portugal, please.", "It is Lisbon."),
    "benchmark_passage": (
        "Summarise this.",
        "He said that the quick brown fox jumps over the lazy dog while the old grey cat sleeps beside the warm stove.",
    ),
}
BENCHMARK_TEXTS = [
    ("Name the capital city of the country of Portugal, please.", "It is Lisbon"),
    (
        "What happens?",
        "The quick brown fox jumps over the lazy dog while the old grey cat sleeps beside the warm stove.",
    ),
]


def photo(seed: int, size: tuple[int, int] = (400, 300)) -> Image.Image:
    """Colourful clouds with edges: no two seeds look alike."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    image = small.resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(25):
        x, y = int(rng.integers(0, size[0])), int(rng.integers(0, size[1]))
        colour = tuple(int(value) for value in rng.integers(0, 256, 3))
        draw.ellipse((x, y, x + int(rng.integers(8, 70)), y + int(rng.integers(8, 70))), fill=colour)
    return image


def form(rng: random.Random) -> Image.Image:
    """A page of one template, filled in by chance."""
    image = Image.new("RGB", (600, 800), "white")
    draw = ImageDraw.Draw(image)
    for line, label in enumerate(("Company", "Date", "Address", "Number", "Total", "Cash", "Change")):
        draw.text((40, 40 + 90 * line), f"{label}:", fill="black", font_size=28)
        draw.text((260, 40 + 90 * line), f"{rng.randrange(10**7):07}", fill="black", font_size=28)
    return image


def encoded(image: Image.Image, kind: str = "JPEG", **more: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **({"quality": 92} | more if kind == "JPEG" else more))
    return buffer.getvalue()


def marked(image: Image.Image) -> Image.Image:
    copy = image.copy()
    ImageDraw.Draw(copy).text((image.width - 80, image.height - 20), "(c) someone", fill="white", font_size=12)
    return copy


def write(folder: Path, source: str, rows: list[dict[str, Any]], images: dict[str, bytes]) -> None:
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for name, data in images.items():
        (folder / "images" / name).write_bytes(data)
    (folder / f"{source}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def captioned(copies: dict[str, bytes]) -> list[dict[str, Any]]:
    return [{"image": f"images/{name}", "caption": f"What {name.split('.')[0]} shows"} for name in copies]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("duplicates")
    image, width, height = photo(1), 400, 300
    copies = {
        "original.jpg": encoded(image),
        "half.jpg": encoded(image.resize((200, 150), Image.Resampling.LANCZOS)),
        "corner.jpg": encoded(image.crop((width // 20, height // 20, width, height))),
        "centre.webp": encoded(image.crop((10, 7, 390, 293)), "WEBP", quality=85),
        "bright.jpg": encoded(ImageEnhance.Brightness(image).enhance(0.85)),
        "poor.jpg": encoded(image, quality=40),
        "marked.jpg": encoded(marked(image)),
        "mirrored.jpg": encoded(ImageOps.mirror(image)),
        "grey.jpg": encoded(ImageOps.grayscale(image)),
        "stretched.jpg": encoded(image.resize((440, 300))),
        **{f"other{seed}.jpg": encoded(photo(seed)) for seed in range(2, 10)},
        **{f"black{side}.png": encoded(Image.new("RGB", (side, side)), "PNG") for side in (300, 310, 320)},
    }
    same = [{"image": "images/original.jpg", "caption": "The same file in other words"}]
    write(folder, "captions", captioned(copies) + same, copies)
    forms = {f"form{number}.png": encoded(form(random.Random(number)), "PNG") for number in range(4)}
    form_rows = [
        {"image": f"images/{name}", "question": "What is the total?", "answer": f"answer {name}"} for name in forms
    ]
    questions = [
        {"image": "images/other2.jpg", "question": "How many circles?", "answer": "25"},
        {"image": "images/other2-small.jpg", "question": "how many  circles?", "answer": "25"},
        {"image": "images/other2-small.jpg", "question": "Which colours?", "answer": "many"},
    ]
    small = {"other2-small.jpg": encoded(photo(2).resize((300, 225)))}
    write(folder, "questions", form_rows + questions, {**forms, **small})
    texts = [{"instruction": question, "output": answer} for question, answer in TEXTS.values()]
    repeated = [{"instruction": "Say it again.", "output": "The same words once more."}] * 200
    numbered = [
        {"instruction": "Describe it.", "output": f"A red car, photo {number} of the set"} for number in range(200)
    ]
    write(folder, "texts", texts + repeated + numbered, {})
    benchmark = {"b1.jpg": encoded(photo(3).crop((6, 5, 400, 300)), quality=80), "b2.jpg": encoded(photo(77))}
    write(folder, "shown", [{"image": f"images/{name}", "q": "How many?", "a": "3"} for name in benchmark], benchmark)
    write(folder, "told", [{"q": question, "a": answer} for question, answer in BENCHMARK_TEXTS], {})
    return folder


def recipe_of(**changes: Any) -> dict[str, Any]:
    asked = {"image": "image", "question": "question", "answer": "answer"}
    return {
        "name": "copies",
        "sources": {
            "captions": {
                "path": "captions.jsonl",
                "reader": "jsonl",
                "build": "caption",
                "fields": {"image": "image", "caption": "caption"},
            },
            "questions": {"path": "questions.jsonl", "reader": "jsonl", "build": "vqa", "fields": asked},
            "texts": {
                "path": "texts.jsonl",
                "reader": "jsonl",
                "build": "instruction",
                "fields": {"instruction": "instruction", "output": "output"},
            },
        },
        "evaluation_sets": {
            "circles": {
                "path": "shown.jsonl",
                "reader": "jsonl",
                "build": "vqa",
                "fields": {"image": "image", "question": "q", "answer": "a"},
            },
            "trivia": {
                "path": "told.jsonl",
                "reader": "jsonl",
                "build": "instruction",
                "fields": {"instruction": "q", "output": "a"},
            },
        },
        **changes,
    }


def workspace(recipe: dict[str, Any], data: Path, out: Path, name: str = "recipe") -> Workspace:
    path = out / f"{name}.yaml"
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(recipe))
    return Workspace.open(path, out, str(data))


@pytest.fixture(scope="module")
def ran(data: Path, spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = workspace(recipe_of(), data, tmp_path_factory.mktemp("ran"))
    execute(made, console(), "+decontaminate", spark)
    return made


@pytest.fixture(scope="module")
def rows(ran: Workspace) -> dict[str, dict[str, Any]]:
    """The deduplicated rows by what they are called in the tests: an image's name with its source, or a text's."""
    table = read_table(Ledger.of_plan(ran.plan()).need("deduplicate")).to_pylist()
    return {named(ran, row["row_id"]): row for row in table}


def named(ran: Workspace, row_id: str) -> str:
    source, line = row_id.split(":")[0], int(row_id.rsplit("#", 1)[1]) - 1
    row = json.loads((Path(ran.data) / f"{source}.jsonl").read_text().splitlines()[line])
    if source == "texts":
        return [*TEXTS][line] if line < len(TEXTS) else f"text {line}"
    said = row.get("question", "")
    return (
        f"{source} {Path(row['image']).stem}{' ' + said if said else ''}{' again' if 'same file' in str(row) else ''}"
    )


def ends(rows: dict[str, dict[str, Any]], names: list[str]) -> dict[str, str]:
    return {name: rows[name]["reason"] or rows[name]["fate"] for name in names}


def test_copies_of_a_picture_go_and_the_best_stays(rows: dict[str, dict[str, Any]]) -> None:
    """Of those with most pixels the one with the longest caption."""
    copies = ["original", "half", "corner", "centre", "bright", "poor", "marked", "mirrored"]
    names = [f"captions {name}" for name in copies]
    assert ends(rows, ["captions original again", *names]) == {
        "captions original again": "kept",
        "captions original": "exact_image",
        **dict.fromkeys(names[1:-1], "near_image"),
        "captions mirrored": "mirrored_image",
    }
    best = rows["captions original again"]
    assert {rows[name]["duplicate_of"] for name in names} == {best["row_id"]}
    assert {rows[name]["group"] for name in names} == {best["group"]}
    assert all(rows[name]["detail"].startswith(f"the same as {best['row_id']}") for name in names)
    assert "blocks agree" in rows["captions half"]["detail"] and "mirrored" in rows["captions mirrored"]["detail"]


def test_what_only_looks_alike_stays(rows: dict[str, dict[str, Any]]) -> None:
    """Other colours, other proportions, plain pictures, pages of one template, other pictures."""
    names = ["captions grey", "captions stretched", *(f"captions black{side}" for side in (300, 310, 320))]
    names += [f"captions other{seed}" for seed in range(2, 10)]
    names += [f"questions form{number} What is the total?" for number in range(4)]
    assert ends(rows, names) == dict.fromkeys(names, "kept")
    forms = {rows[f"questions form{number} What is the total?"]["group"] for number in range(4)}
    assert len(forms) == 4  # and a split may part them


def test_the_same_picture_with_another_question_stays(rows: dict[str, dict[str, Any]]) -> None:
    asked = "questions other2 How many circles?"
    again, other = "questions other2-small how many  circles?", "questions other2-small Which colours?"
    assert ends(rows, [asked, again, other]) == {asked: "kept", again: "near_image", other: "kept"}
    assert rows[again]["duplicate_of"] == rows[asked]["row_id"]
    assert len({rows[name]["group"] for name in (asked, again, other, "captions other2")}) == 1


def test_texts_that_say_the_same_go_and_others_stay(rows: dict[str, dict[str, Any]]) -> None:
    assert ends(rows, [*TEXTS]) == {
        "boil": "exact_text",  # the same in small letters: as good, and its id is the larger
        "boil_spaced": "kept",
        "boil_reworded": "near_text",
        "boil_other_question": "kept",
        "sum": "kept",
        "sum_other": "kept",
        "benchmark_question": "kept",
        "benchmark_passage": "kept",
    }
    groups = [rows[name]["group"] for name in TEXTS]
    assert len(set(groups[:3])) == 1 and len(set(groups)) == len(TEXTS) - 2


def test_one_text_many_times_and_many_that_differ_in_a_number(ran: Workspace, rows: dict[str, dict[str, Any]]) -> None:
    first = len(TEXTS)
    repeated = [rows[f"text {line}"] for line in range(first, first + 200)]
    assert [row["fate"] for row in repeated].count("kept") == 1
    assert {row["reason"] for row in repeated} == {"", "exact_sample"}
    numbered = [rows[f"text {line}"] for line in range(first + 200, first + 400)]
    assert {row["fate"] for row in numbered} == {"kept"}
    search = read_beside(Ledger.of_plan(ran.plan()).need("match"))["search"]
    assert search["pictures"]["too_plain_for_a_hash"] == 3  # the black ones
    assert search["texts"]["candidates"] < 200 * 199 / 2


def test_edges_are_few_confirmed_and_in_words(ran: Workspace) -> None:
    edges = read_table(Ledger.of_plan(ran.plan()).need("match")).to_pylist()
    assert {edge["kind"] for edge in edges} == {"near_image", "mirrored_image", "near_text"}
    assert all(edge["a"] < edge["b"] and edge["fate"] == "made" and edge["detail"] for edge in edges)
    assert len({edge["row_id"] for edge in edges}) == len(edges)
    search = read_beside(Ledger.of_plan(ran.plan()).need("match"))["search"]
    assert search["pictures"]["candidates"] >= sum("image" in edge["kind"] for edge in edges)


def test_rows_that_a_benchmark_holds_go(ran: Workspace) -> None:
    table = read_table(Ledger.of_plan(ran.plan()).need("decontaminate")).to_pylist()
    gone = {named(ran, row["row_id"]): row for row in table if row["fate"] == "dropped"}
    assert set(gone) == {"captions other3", "benchmark_question", "benchmark_passage"}
    told = {name: [(one["benchmark"], one["how"]) for one in row["contaminated"]] for name, row in gone.items()}
    assert told == {
        "captions other3": [("circles", "near_picture")],
        "benchmark_question": [("trivia", "short_answer")],
        "benchmark_passage": [("trivia", "ngram")],
    }
    assert "quick brown fox" in gone["benchmark_passage"]["detail"]
    assert all(row["reason"] == "contaminated" for row in gone.values())


def test_contaminated_rows_can_be_flagged_instead(ran: Workspace, spark: Any, data: Path) -> None:
    flagged = workspace(recipe_of(decontaminate={"on_match": "flag"}), data, ran.out, "flag")
    (entry,) = execute(flagged, console(), "decontaminate", spark)
    assert (entry["dropped"], entry["kept"]) == (0, entry["in"])
    table = read_table(Ledger.of_plan(flagged.plan()).need("decontaminate")).to_pylist()
    assert len([row for row in table if row["reason"] == "contaminated" and row["contaminated"]]) == 3


def test_partitions_change_nothing(ran: Workspace, spark: Any, data: Path, tmp_path: Path) -> None:
    other = workspace(recipe_of(), data, tmp_path)
    before = spark.conf.get("spark.sql.shuffle.partitions")
    spark.conf.set("spark.sql.shuffle.partitions", "11")
    try:
        execute(other, console(), "+decontaminate", spark)
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", before)
    first, second = (Ledger.of_plan(each.plan()).tables for each in (ran, other))
    for stage in ("match", "deduplicate", "decontaminate"):
        assert read_manifest(first[stage]) == read_manifest(second[stage]), stage


def test_a_changed_rule_compares_nothing_again(ran: Workspace, data: Path) -> None:
    changed = recipe_of(rules={"wide": {"signal": "width_px", "min": 10}})
    why = workspace(changed, data, ran.out, "ruled").plan().reasons()
    assert why["match"] == "" and why["deduplicate"] == "decide will run"


def test_a_new_delivery_gives_way_to_what_is_kept_and_hashes_only_itself(
    data: Path, spark: Any, tmp_path: Path
) -> None:
    first = {name: encoded(photo(seed)) for name, seed in (("a.jpg", 101), ("b.jpg", 102))}
    second = {
        "a-larger.jpg": encoded(photo(101).resize((800, 600), Image.Resampling.LANCZOS)),
        "new.jpg": encoded(photo(103)),
    }
    out = tmp_path / "out"
    for name, images in (("first", first), ("second", second)):
        write(tmp_path / name, name, captioned(images), images)
    sources = {
        name: {name: {**recipe_of()["sources"]["captions"], "path": f"{name}.jsonl"}} for name in ("first", "second")
    }
    one = workspace({"name": "one", "sources": sources["first"]}, tmp_path / "first", out, "one")
    execute(one, console(), "+deduplicate", spark)
    hashed = batches(out)
    recipe = {"name": "two", "sources": sources["second"], "deduplicate": {"against": ["one"]}}
    two = workspace(recipe, tmp_path / "second", out, "two")
    execute(two, console(), "+deduplicate", spark)
    table = {row["row_id"]: row for row in read_table(Ledger.of_plan(two.plan()).need("deduplicate")).to_pylist()}
    larger, new = table["second:second.jsonl#1"], table["second:second.jsonl#2"]
    assert (larger["fate"], larger["duplicate_of"], larger["reason"]) == (
        "dropped",
        "first:first.jsonl#1",
        "near_image",
    )
    assert new["fate"] == "kept" and len(table) == 2
    assert sum(rows for name, rows in batches(out).items() if name not in hashed and "pixels" in name) == 2
    both = {"name": "both", "sources": sources["first"] | sources["second"], "deduplicate": {"against": ["one"]}}
    shutil.copytree(tmp_path / "first", tmp_path / "second", dirs_exist_ok=True)
    third = workspace(both, tmp_path / "second", out, "both")
    execute(third, console(), "+deduplicate", spark)
    table = {row["row_id"]: row for row in read_table(Ledger.of_plan(third.plan()).need("deduplicate")).to_pylist()}
    assert {row_id: row["fate"] for row_id, row in table.items()} == {
        "first:first.jsonl#1": "kept",  # as before, though the other is larger
        "first:first.jsonl#2": "kept",
        "second:second.jsonl#1": "dropped",
        "second:second.jsonl#2": "kept",
    }
    with pytest.raises(RecipeError, match="`two` is this recipe itself"):
        workspace({**recipe, "deduplicate": {"against": ["two"]}}, tmp_path / "second", out, "itself").plan()
    with pytest.raises(RecipeError, match="no run `onne` in .*did you mean `one`"):
        workspace({**recipe, "deduplicate": {"against": ["onne"]}}, tmp_path / "second", out, "onne").plan()


def test_pictures_that_a_model_finds_alike_go_too(data: Path, spark: Any, tmp_path: Path) -> None:
    """By the vision tower of nano, which sees so little that only copies of noise with edges differ less than this."""
    images = {
        "a.jpg": encoded(photo(201)),
        "a-again.jpg": encoded(photo(201), quality=60),
        "b.jpg": encoded(Image.new("RGB", (400, 300), "white")),
    }
    write(tmp_path / "raw", "captions", captioned(images), images)
    semantic = {"model": "nano", "similarity": 0.999, "workers": 1}
    recipe = {
        "name": "alike",
        "sources": {"captions": recipe_of()["sources"]["captions"]},
        "deduplicate": {"near": False, "near_text": False, "semantic": semantic},
    }
    made = workspace(recipe, tmp_path / "raw", tmp_path / "out")
    execute(made, console(), "+deduplicate", spark)
    (edge,) = read_table(Ledger.of_plan(made.plan()).need("match")).to_pylist()
    assert edge["kind"] == "semantic_image" and 0.999 <= edge["similarity"] <= 1
    table = read_table(Ledger.of_plan(made.plan()).need("deduplicate")).to_pylist()
    assert sorted(row["reason"] for row in table) == ["", "", "semantic_image"]
    assert made.recipe.deduplicate.semantic and not [row for row in table if row["contents"] == [] or not row["group"]]


def batches(out: Path) -> dict[str, int]:
    """Rows of each batch of signals in a store."""
    found = (out / "store" / "signals").glob("*/*/manifest.json")
    return {str(path): json.loads(path.read_text())["rows"] for path in found}
