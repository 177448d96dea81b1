from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import model.frames
from model.frames import Frames, Sampling, frame_count, frame_indices, read_frames


def grey(level: int, side: int = 32) -> Image.Image:
    return Image.new("RGB", (side, side), (level, level, level))


def levels(frames: Frames) -> list[int]:
    """The grey of each frame's middle."""
    return [int(np.asarray(Image.open(io.BytesIO(picture)))[8, 8, 0]) for picture in frames.pictures]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Ten frames of a tenth of a second each, of grey 0, 20, ..., 180."""
    path = tmp_path / "clip.webp"
    frames = [grey(20 * index) for index in range(10)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100, lossless=True)
    return path


@pytest.mark.parametrize(
    ("total", "rate", "count"),
    [(300, 30, 20), (30, 30, 4), (90, 30, 6), (54000, 30, 768), (5, 30, 4), (7, 1, 6), (151, 25, 12), (2, 30, 2)],
)
def test_as_many_frames_as_qwen_takes(total: int, rate: float, count: int) -> None:
    """What qwen-vl-utils 0.0.14 was seen to give; two frames are the fewest."""
    assert frame_count(total, rate) == count


def test_limits_and_rates_are_the_callers() -> None:
    assert frame_count(300, 30, Sampling(fps=4)) == 40
    assert frame_count(300, 30, Sampling(fps=4, max_frames=17)) == 16
    assert frame_count(300, 30, Sampling(fps=0.1, min_frames=5)) == 6


@pytest.mark.parametrize(("total", "rate"), [(1, 30), (0, 30), (30, 0), (30, float("nan")), (30, float("inf"))])
def test_what_is_no_clip_is_refused(total: int, rate: float) -> None:
    with pytest.raises(ValueError, match="no clip"):
        frame_count(total, rate)


def test_indices_run_from_the_first_to_the_last_frame() -> None:
    assert frame_indices(10, 4) == [0, 3, 6, 9]
    assert frame_indices(6, 3) == [0, 2, 5]  # 2.5 is rounded to even


def test_frames_of_an_animation(clip: Path) -> None:
    found = read_frames(clip, Sampling(fps=4))
    assert found.times == pytest.approx((0.0, 0.3, 0.6, 0.9)) and levels(found) == [0, 60, 120, 180]


def test_a_frame_that_lasts_stands_for_several(tmp_path: Path) -> None:
    path = tmp_path / "slow.gif"
    frames = [grey(0), grey(100), grey(200)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=[100, 600, 100])
    found = read_frames(path, Sampling(fps=10))
    assert len(found.times) == 8 and levels(found) == [0, *[100] * 6, 200]


def test_frames_of_a_video_that_opencv_reads(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (32, 32))
    for index in range(20):
        writer.write(np.full((32, 32, 3), 10 * index, np.uint8))
    writer.release()
    found = read_frames(path)
    assert found.times == pytest.approx((0.0, 0.6, 1.3, 1.9))
    assert np.abs(np.subtract(levels(found), [0, 60, 130, 190])).max() <= 3


def test_a_clip_is_decoded_once(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "frames"
    first = read_frames(clip, Sampling(fps=4), cache)
    other = read_frames(clip, Sampling(fps=8), cache)
    assert len(other.times) > len(first.times)
    copy = tmp_path / "the same under another name.webp"
    copy.write_bytes(clip.read_bytes())

    def refuse(*_: object) -> Frames:
        raise AssertionError("decoded again")

    monkeypatch.setattr(model.frames, "_decoded", refuse)
    assert read_frames(clip, Sampling(fps=4), cache) == first == read_frames(copy, Sampling(fps=4), cache)
    with pytest.raises(AssertionError, match="decoded again"):
        read_frames(clip, Sampling(fps=2.5), cache)


def test_frames_are_kept_whole_or_not_at_all(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "frames"
    with monkeypatch.context() as broken:
        broken.setattr(model.frames.json, "dumps", _fail_for_times(model.frames.json.dumps))
        with pytest.raises(OSError, match="disk is full"):
            read_frames(clip, cache=cache)
    assert not [path for path in cache.rglob("*") if path.is_file()]
    assert read_frames(clip, cache=cache) == read_frames(clip)


def _fail_for_times(dumps: object) -> object:
    """`json.dumps`, but for the list of times, which is written last."""

    def fail(value: object, **options: object) -> object:
        if isinstance(value, tuple):
            raise OSError("the disk is full")
        return dumps(value, **options)  # type: ignore[operator]

    return fail


def test_another_process_may_have_been_faster(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "frames"
    decode = model.frames._decoded

    def beaten(path: Path, sampling: Sampling) -> Frames:
        monkeypatch.setattr(model.frames, "_decoded", decode)
        read_frames(path, sampling, cache)
        return decode(path, sampling)

    monkeypatch.setattr(model.frames, "_decoded", beaten)
    assert read_frames(clip, cache=cache) == read_frames(clip)


@pytest.mark.parametrize("data", [b"", b"no clip at all", b"RIFF\x00\x00\x00\x00WEBP"])
def test_a_file_that_is_no_clip_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="no clip"):
        read_frames(path)
