"""What tests share: one Spark session, the real data beside the checkout."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny tensors on busy cores: threads cost more than they bring

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def spark() -> Iterator[object]:
    from curation.spark import build_session

    session = build_session("local[2,2]", memory="2g")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets beside the checkout. Its absence fails the build and skips elsewhere."""
    if not DATA.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"no real data at {DATA}")
        pytest.skip(f"no real data at {DATA}")
    return DATA
