from dataclasses import replace

import numpy as np

from master_thesis.data.film import load_film
from master_thesis.data.index import load_index
from master_thesis.data.sequences import SequenceSet
from master_thesis.images.codec import read_mask
from master_thesis.images.masks import dilate, resize_mask


class FirstThree(SequenceSet):
    """Sequences of three images."""

    def files(self, name):
        return super().files(name)[:3]


def test_a_film_is_a_sequence_with_masks_there_and_back(data_config):
    config = data_config()
    index = load_index(config)
    index = replace(index, masks_val=FirstThree(**vars(index.masks_val)))
    frames, masks = load_film(config, index, 100)
    longest = max(len(index.frames_val.files(name)) for name in index.frames_val.names)
    shapes = index.masks_val.files(index.masks_val.names[0])
    assert frames.shape == (longest, 32, 32, 3)
    assert longest > 2 * len(shapes)
    assert masks.shape == (longest, 32, 32)
    wide = [dilate(resize_mask(read_mask(path), (32, 32)), (3, 3), 1) for path in shapes]
    there_and_back = [*wide, *wide[-2:0:-1]] * longest
    assert (masks == np.stack(there_and_back[:longest])).all()
    assert (load_film(config, index, 2)[0] == frames[:2]).all()
