import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from master_thesis.evaluation import vfid
from master_thesis.evaluation.scores import Score
from master_thesis.evaluation.scores import vfid as vfid_of
from master_thesis.evaluation.vfid import FeatureExtractor, frechet_distance, video_features
from master_thesis.models.i3d import I3D


def by_matrix_root(first, second):
    """The formula as it is usually computed, with the covariances and the root of their product."""
    shift = first.mean(axis=0) - second.mean(axis=0)
    a, b = (np.cov(x, rowvar=False) for x in (first, second))
    return shift @ shift + np.trace(a) + np.trace(b) - 2 * np.trace(sqrtm(a @ b).real)


@pytest.mark.parametrize(("num", "other", "size"), [(12, 9, 4), (30, 30, 8), (40, 7, 3)])
def test_the_distance_equals_that_by_the_root_of_a_matrix(num, other, size):
    random = np.random.default_rng(num)
    first = random.normal(size=(num, size))
    second = random.normal(size=(other, size)) @ random.normal(size=(size, size)) + 1
    assert frechet_distance(first, second) == pytest.approx(by_matrix_root(first, second), rel=1e-6)


def test_few_videos_with_many_features_have_a_distance():
    random = np.random.default_rng(0)
    first, second = random.normal(size=(3, 50)), random.normal(size=(4, 50))
    wider = [np.pad(x, ((0, 0), (0, 30))) for x in (first, second)]
    assert frechet_distance(first, second) == pytest.approx(frechet_distance(*wider))
    assert frechet_distance(first, second) == pytest.approx(frechet_distance(second, first))
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(first, first + 2) == pytest.approx(4 * 50)


class Mean(I3D):
    """The mean of each colour."""

    def __init__(self):
        torch.nn.Module.__init__(self)
        self.count = 0

    def forward(self, videos):
        self.count += 1
        return videos.mean(dim=(2, 3, 4))


def test_frames_reach_the_network_as_colours_between_0_and_1():
    frames = np.zeros((2, 4, 5, 3), np.uint8)
    frames[..., 1], frames[0, ..., 2] = 255, 51
    assert video_features(Mean(), frames) == pytest.approx([0, 1, 0.1])


def test_features_of_true_frames_are_computed_once():
    extractor, frames = FeatureExtractor(Mean()), np.ones((2, 4, 5, 3), np.uint8)
    first, second = extractor.of_truth(frames), extractor.of_truth(frames)
    assert (first == second).all()
    assert extractor.network.count == 1
    extractor.of_truth(frames + 1)
    assert extractor.network.count == 2


def test_one_video_has_no_vfid():
    scores = [Score("p", "still", "m", name, 1, {}, np.array([float(i)])) for i, name in enumerate("ab")]
    assert vfid_of(scores, scores) == 0
    assert vfid_of(scores[:1], scores[:1]) is None
    assert vfid_of([], []) is None
    assert vfid.MIN_VIDEOS == 2
