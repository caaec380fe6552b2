"""Pictures come back as they were put, in any order."""

import numpy as np

from master_thesis.video.picture_store import PictureStore


def test_pictures_come_back(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (5, 4, 6, 3), dtype=np.uint8)
    with PictureStore(tmp_path, (4, 6, 3)) as store:
        for picture in pictures[:4]:
            store.append(picture[:, ::1])
        store.put(4, pictures[4])
        assert len(store) == 5
        for index in (3, 0, 4, 1):
            assert np.array_equal(store[index], pictures[index])
