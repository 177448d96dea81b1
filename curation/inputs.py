"""What a source reads: its files, and a fingerprint of their contents so that a changed image is a changed input."""

from __future__ import annotations

import glob
import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import fsspec

from curation.contract.recipe import RecipeError, Source
from curation.contract.table import join
from curation.store import fingerprint, is_local

_IMAGELESS = ("instruction",)
_PART = 64  # names that a thread gets at a time: one by one, handing them out costs more than asking for their times


@dataclass(frozen=True)
class Inputs:
    """The row files of a source as paths relative to the data folder, in order, and the hash of all it depends on."""

    root: str
    files: tuple[str, ...]
    fingerprint: str


def media_root(source: Source, row_file: str) -> str:
    """The folder, relative to the data folder, under which a row's image paths are looked up."""
    if source.media_root is not None:
        return source.media_root.strip("/").removeprefix("./").removesuffix(".")
    return row_file.rpartition("/")[0]


def find_inputs(name: str, source: Source, root: str, cache: HashCache, ours: tuple[str, ...] = ()) -> Inputs:
    """Lists and hashes what a source reads. `ours` are folders that we write ourselves: they are no input, also where
    they lie inside the data folder.

    Raises:
        RecipeError: nothing is there.
    """
    filesystem, base = fsspec.url_to_fs(root)

    def within(folder: str) -> set[str]:
        found = filesystem.find(join(base, folder) if folder else base)
        return {_relative(path, base) for path in found if not any(path.startswith(f"{own}/") for own in ours)}

    files = tuple(_row_files(source, filesystem, base))
    if not files:
        raise RecipeError(f"source `{name}`: nothing at {join(root, source.path)}; check `path` and the data folder")
    watched = set(files)
    if source.reader == "jsonl" and source.build not in _IMAGELESS:
        for folder in {media_root(source, file) for file in files}:
            watched |= within(folder)
    hashes = cache.hash_all(root, sorted(watched))
    return Inputs(root, files, fingerprint([files, hashes]))


def _row_files(source: Source, filesystem: fsspec.AbstractFileSystem, base: str) -> Iterator[str]:
    suffixes = {
        "jsonl": (".jsonl", ".jsonl.gz", ".json.gz"),
        "webdataset": (".tar",),
        "parquet": (".parquet",),
        "datasets": (".arrow", ".parquet"),
    }[source.reader]
    for match in sorted(filesystem.glob(join(glob.escape(base), source.path))):
        paths = sorted(filesystem.find(match)) if filesystem.isdir(match) else [match]
        chosen = [path for path in paths if path.endswith(suffixes)] if filesystem.isdir(match) else paths
        # `datasets` caches its `map` results beside the data; they are no part of the saved dataset.
        yield from (_relative(path, base) for path in chosen if not path.rpartition("/")[2].startswith("cache-"))


def _relative(path: str, base: str) -> str:
    return path[len(base) :].lstrip("/")


class HashCache:
    """Content hashes of local files, remembered by path, size and time, so that only new files are read again."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.known: dict[str, str] = {}
        if path and path.exists():
            with suppress(ValueError):  # a cache: what can't be read is hashed again
                self.known = json.loads(path.read_text())

    def hash_all(self, root: str, names: list[str]) -> list[tuple[str, str]]:
        before = len(self.known)
        parts = [names[start : start + _PART] for start in range(0, len(names), _PART)]
        with ThreadPoolExecutor(4) as pool:
            found = pool.map(lambda part: [self._hash(join(root, name)) for name in part], parts)
            hashes = [each for part in found for each in part]
        if self.path and len(self.known) > before:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            temporary = self.path.with_suffix(".tmp")
            temporary.write_text(json.dumps(self.known))
            temporary.replace(self.path)
        return list(zip(names, hashes, strict=True))

    def _hash(self, url: str) -> str:
        if not is_local(url):
            filesystem, path = fsspec.url_to_fs(url)
            return str(filesystem.checksum(path))
        stat = Path(url).stat()
        key = f"{url}|{stat.st_size}|{stat.st_mtime_ns}"
        if key not in self.known:
            with open(url, "rb") as file:
                self.known[key] = hashlib.file_digest(file, "sha256").hexdigest()
        return self.known[key]
