"""Frames on disk come back as they were; of a window, later ones take the place of earlier ones."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from master_thesis.ops.image import FINE
from master_thesis.video import frame_store
from master_thesis.video.compositing import WorkingFrame
from master_thesis.video.frame_store import FineImages, FrameStore, Holes, Images, ImageStore


def frame(number: int, size=(4, 6)) -> WorkingFrame:
    image = np.random.default_rng(number).integers(0, 256, (*size, 3)).astype(np.uint8)
    return WorkingFrame(image, image[..., 0] > 128)


@pytest.mark.parametrize("cache_bytes", [0, 1000])
def test_frames_come_back(tmp_path, monkeypatch, cache_bytes) -> None:
    monkeypatch.setattr(frame_store, "CACHE_BYTES", cache_bytes)
    with FrameStore(tmp_path, 3, 40) as store:
        for start in range(4):
            stored = [store.put(n, frame(n)) for n in range(start, start + 3)]
            images, holes = Images(stored), Holes(stored)
            assert len(images) == len(holes) == 3
            for i, n in enumerate(range(start, start + 3)):
                assert (images[i] == frame(n).image).all()
                assert (holes[i] == frame(n).hole).all()
        smaller = store.put(9, frame(9, (2, 5)))
        assert (smaller.image == frame(9, (2, 5)).image).all()
        assert len(Images([smaller])[0:1]) == len(Holes([smaller])[0:1]) == 1
        assert (Holes([smaller])[0:1][0] == frame(9, (2, 5)).hole).all()


def test_frames_of_more_bits_come_back(tmp_path) -> None:
    fine = np.random.default_rng(0).integers(0, 2**16, (4, 6, 3)).astype(np.uint16)
    with FrameStore(tmp_path, 2, 24, is_fine=True) as store:
        store.put(0, frame(0))
        stored = store.put(1, WorkingFrame(frame(1).image, frame(1).hole, fine))
        assert (FineImages([stored])[0] * FINE == fine).all()
        assert np.abs(stored.image.astype(int) * FINE - fine).max() <= FINE  # white is a little brighter
        assert stored.image.dtype == np.uint8


def test_images_of_a_video_come_back_in_any_order(tmp_path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 3, 4, 6), dtype=np.uint8).transpose(0, 2, 3, 1)
    with ImageStore(tmp_path, (4, 6, 3)) as store:
        for image in images:
            store.append(image)
        assert len(store) == 5
        for index in (3, 0, 4, 1):
            assert np.array_equal(store[index], images[index])


def test_threads_read_what_they_ask_for(tmp_path) -> None:
    with ImageStore(tmp_path, (64, 64, 3)) as store:
        for value in range(8):
            store.append(np.full(store.shape, value, np.uint8))
        with ThreadPoolExecutor(4) as pool:
            read = pool.map(store.__getitem__, [n % 8 for n in range(4000)])
            assert all((image == n % 8).all() for n, image in enumerate(read))


def test_nothing_is_left(tmp_path) -> None:
    with FrameStore(tmp_path, 2, 40) as store:
        store.put(0, frame(0))
        assert not list(tmp_path.iterdir())  # also a process that is killed leaves nothing
    assert not list(tmp_path.iterdir())
