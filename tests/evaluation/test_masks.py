import zipfile

import numpy as np
import pytest

from master_thesis.data.sequences import find_test_sequences
from master_thesis.errors import UserError
from master_thesis.evaluation.masks import derangement, make_masks
from master_thesis.images.codec import write_png
from tests.evaluation.conftest import SIZE, squares


@pytest.fixture
def sequences(tree):
    return find_test_sequences(str(tree))[0]


def masks_of(source, name, sequences, protocol, seed=0):
    return make_masks(source, next(s for s in sequences if s.name == name), sequences, protocol, seed)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("count", [2, 3, 4, 9])
def test_masks_are_swapped_without_repetition_and_never_kept(seed, count):
    names = [f"s{i}" for i in range(count)]
    given = derangement(names, seed)
    assert all(given[name] != name for name in names)
    assert sorted(given.values()) == names
    assert given == derangement(names[::-1], seed), "the order of the names should not matter"


def test_seeds_differ_in_their_swap():
    names = [f"s{i}" for i in range(6)]
    assert len({tuple(derangement(names, seed).items()) for seed in range(10)}) > 1


def test_own_masks_are_those_of_the_tree_and_a_missing_one_is_empty(tree, protocol):
    (tree / "DAVIS-2017/Annotations/480p/bee/00001.png").unlink()
    own = masks_of("own", "bee", find_test_sequences(str(tree))[0], protocol)
    expected = squares(20)
    expected[1] = False
    assert (own == expected).all()


def test_swapped_masks_are_those_of_another_sequence_repeated_back_and_forth(sequences, protocol):
    by_size = {16 + 4 * i: name for i, name in enumerate(["ant", "bee", "cow"])}
    for seed in range(4):
        for name in ("ant", "bee", "cow"):
            swapped = masks_of("swapped", name, sequences, protocol, seed)
            donor = derangement(["ant", "bee", "cow"], seed)[name]
            size = next(size for size, owner in by_size.items() if owner == donor)
            original = squares(size, 3 if donor == "cow" else 4)
            order = [0, 1, 2, 1] if donor == "cow" else [0, 1, 2, 3]
            length = 3 if name == "cow" else 4
            assert (swapped == original[order[:length]]).all()


def test_still_masks_do_not_move(sequences, protocol):
    still = masks_of("still", "ant", sequences, protocol)
    assert still.shape == (4, *SIZE)
    assert (still == still[0]).all()
    assert 0.08 < still.mean() < 0.12


def test_masks_from_a_folder_and_from_one_image(tmp_path, sequences, protocol):
    mask = squares(10, 2)
    (tmp_path / "holes" / "ant").mkdir(parents=True)
    for t, hole in enumerate(mask):
        write_png(tmp_path / "holes" / "ant" / f"{t}.png", hole)
    assert (masks_of(str(tmp_path / "holes"), "ant", sequences, protocol) == mask[[0, 1, 0, 1]]).all()
    one = masks_of(str(tmp_path / "holes" / "ant" / "0.png"), "cow", sequences, protocol)
    assert (one == np.stack([mask[0]] * 3)).all()


def test_masks_of_a_zip_are_those_of_its_folder(tmp_path, sequences, protocol):
    mask = squares(10, 3)
    with zipfile.ZipFile(tmp_path / "ant.zip", "w") as archive:
        for t in (2, 0, 1):
            write_png(tmp_path / "one.png", mask[t])
            archive.write(tmp_path / "one.png", f"{t:05d}.png")
    assert (masks_of(str(tmp_path), "ant", sequences, protocol) == mask[[0, 1, 2, 1]]).all()


def test_masks_are_resized_by_nearest(sequences, protocol, tmp_path):
    large = np.zeros((2 * SIZE[0], 2 * SIZE[1]), bool)
    large[20:40, 30:60] = True
    write_png(tmp_path / "large.png", large)
    small = masks_of(str(tmp_path / "large.png"), "ant", sequences, protocol)
    assert (small[0] == large[::2, ::2]).all()


def test_missing_masks_are_reported(tmp_path, sequences, protocol):
    with pytest.raises(UserError, match="--masks should be swapped, still, own or an existing path, got swaped"):
        masks_of("swaped", "ant", sequences, protocol)
    with pytest.raises(UserError, match=r"should hold a folder of masks named ant, or ant\.zip, but has neither"):
        masks_of(str(tmp_path), "ant", sequences, protocol)
    with pytest.raises(UserError, match="--masks swapped needs at least two sequences, got 1: use --masks still"):
        masks_of("swapped", "ant", sequences[:1], protocol)
