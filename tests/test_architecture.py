"""Who may import whom: ours as an allow-list, heavy third parties as a deny-list, read from the source with `ast`."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("curation", "filters", "synth", "trainer", "model")
TORCH = {"torch", "torchvision", "transformers", "trl", "peft", "accelerate", "datasets"}
SPARK = {"pyspark"}
TORCH_FREE_MODEL = tuple(
    f"model.{name}"
    for name in (
        "image",
        "image_files",
        "family",
        "geometry",
        "grounding",
        "actions",
        "chat",
        "encode",
        "complete",
        "frames",
        "answer",
        "shipped",
        "engine",
        "http",
    )
)

# Module prefix (the longest that fits counts): what of ours it may import, and what it must never import.
RULES: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "curation.contract": (("curation.contract",), SPARK | TORCH),
    **dict.fromkeys(TORCH_FREE_MODEL, (("curation.contract", *TORCH_FREE_MODEL), SPARK | TORCH)),
    "model": (("curation.contract", "model"), SPARK),
    "filters": (("curation.contract", "filters", *TORCH_FREE_MODEL), SPARK | TORCH),
    "synth": (("curation.contract", "filters", "synth", *TORCH_FREE_MODEL), SPARK | TORCH),
    "trainer": (("curation.contract", "model", "trainer", "filters.verify", "filters.score"), SPARK),
    "curation": (OURS, TORCH),
}


def modules() -> Iterator[tuple[str, Path]]:
    for package in OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """(module, at import time) for each import; those inside functions and TYPE_CHECKING blocks are lazy."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lazy = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        or (isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) not in lazy) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path}: a relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                whole = inner if (ROOT / inner.replace(".", "/")).with_suffix(".py").exists() else node.module
                yield whole, id(node) not in lazy


def rule(module: str) -> tuple[tuple[str, ...], set[str]]:
    return RULES[max((prefix for prefix in RULES if within(module, prefix)), key=len)]


def within(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(prefix + ".")


@pytest.mark.parametrize(("module", "path"), [pytest.param(m, p, id=m) for m, p in modules()])
def test_imports_keep_to_the_table(module: str, path: Path) -> None:
    allowed, denied = rule(module)
    for name, at_import in imports(path):
        top = name.split(".")[0]
        if top in OURS:
            assert any(within(name, prefix) for prefix in allowed), f"{module} imports {name}"
            if module.startswith("curation") and (
                top == "trainer" or (top == "model" and name not in TORCH_FREE_MODEL)
            ):
                assert not at_import or name == "model", f"{module} imports {name} outside a function"
        elif not module.startswith("curation") or at_import or within(module, "curation.contract"):
            assert top not in denied, f"{module} imports {name}"
        if top in SPARK:
            assert not at_import, f"{module} imports {name} outside a function"


@pytest.mark.parametrize(
    ("package", "unwanted"),
    [
        ("curation.cli", "torch"),
        ("filters.catalogue", "torch"),
        ("trainer.sft", "pyspark"),
        ("curation.dag", "torch"),
        ("trainer.dpo", "pyspark"),
    ],
)
def test_importing_one_side_does_not_load_the_other(package: str, unwanted: str) -> None:
    code = f"import sys, {package}; sys.exit({unwanted!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, check=False).returncode == 0


def test_every_folder_says_what_it_is_for() -> None:
    for package in ROOT.glob("*/__init__.py"):
        docstring = ast.get_docstring(ast.parse(package.read_text(encoding="utf-8")))
        assert docstring and len(docstring.splitlines()) <= 8, package


def test_files_are_small() -> None:
    long = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules()}
    assert {name: lines for name, lines in long.items() if lines > 320} == {}
