"""The frames of another method, scored under every protocol as NumPy, SciPy and scikit-image would, to every digit."""

import cv2
import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from master_thesis.configs.evaluation import EvaluationConfig
from master_thesis.evaluation.evaluate import evaluate
from master_thesis.evaluation.protocols import METRICS
from master_thesis.evaluation.scores import LPIPS, UNITS, mean_over_frames
from master_thesis.images.codec import write_png
from tests.evaluation.conftest import SIZE, pan, squares

CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


def enlarged(frames, masks):
    """Frames and masks of ``completion-432x240``: these frames are smaller, and bilinear sampling enlarges them."""
    large = np.stack([cv2.resize(frame, (432, 240), interpolation=cv2.INTER_LINEAR) for frame in frames])
    rows, columns = (((np.arange(n) + 0.5) * size / n).astype(int) for n, size in zip((240, 432), SIZE, strict=True))
    holes = [cv2.dilate(mask[np.ix_(rows, columns)].astype(np.uint8), CROSS, iterations=4) for mask in masks]
    return large, np.stack(holes) > 0


def by_hand(composed, truth, hole):
    """The figures of a sequence."""
    pairs = list(zip(composed, truth, hole, strict=True))
    full = {"data_range": 255, "channel_axis": -1}
    gauss = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "full": True}
    steps = [across(a, h) - across(b, h) for a, b, h in pairs]
    return {
        "psnr": np.mean([peak_signal_noise_ratio(b, a, data_range=255) for a, b, _ in pairs]),
        "ssim": np.mean([structural_similarity(a, b, win_size=65, **full) for a, b, _ in pairs]),
        "hole_psnr": np.mean([peak_signal_noise_ratio(b[h], a[h], data_range=255) for a, b, h in pairs]),
        "hole_ssim": np.mean([structural_similarity(a, b, **gauss, **full)[1][h].mean() for a, b, h in pairs]),
        "sharpness": np.mean([detail(a, h) / detail(b, h) for a, b, h in pairs]),
        "seam": np.mean(steps),
        "warp": change_along_motion(composed, truth, np.ones_like(hole)),
        "hole_warp": change_along_motion(composed, truth, hole),
    }


def across(picture, hole):
    """Mean absolute step over the border of a hole."""
    x = picture.astype(float)
    down = np.abs(x[1:] - x[:-1])[hole[1:] != hole[:-1]]
    right = np.abs(x[:, 1:] - x[:, :-1])[hole[:, 1:] != hole[:, :-1]]
    return np.concatenate((down, right)).mean()


def detail(picture, hole):
    """Mean absolute Laplacian inside a hole, without the two pixels next to its border."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(float)
    x = np.pad(grey, 1, "edge")
    laplacian = x[2:, 1:-1] + x[:-2, 1:-1] + x[1:-1, 2:] + x[1:-1, :-2] - 4 * grey
    return np.abs(laplacian)[cv2.erode(hole.astype(np.uint8), CROSS, iterations=2) > 0].mean()


def change_along_motion(composed, truth, where):
    """Mean squared change of colours (thousandths) from the first frame to the second, where both show a pixel."""
    first, second = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in truth)
    dis, (height, width) = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM), first.shape
    there, back = (
        dis.calc(a, b, np.zeros((height, width, 2), np.float32)) for a, b in ((first, second), (second, first))
    )
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    x, y = x + there[..., 0], y + there[..., 1]
    is_inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    returned = np.stack([map_coordinates(back[..., i], (y, x), order=1) for i in range(2)], axis=-1)
    is_visible = ((there + returned) ** 2).sum(-1) <= 0.01 * (there**2 + returned**2).sum(-1) + 0.5
    following = np.stack([map_coordinates(composed[1, ..., i] / 255, (y, x), order=1) for i in range(3)], axis=-1)
    return 1000 * ((composed[0] / 255 - following) ** 2)[is_inside & is_visible & where[0]].mean()


@pytest.mark.parametrize("name", ["completion-432x240", "hole", "native"])
def test_foreign_frames_are_scored_as_by_hand(data, tmp_path, name):
    rng, expected = np.random.default_rng(0), {}
    for i, sequence in enumerate(("ant", "bee")):
        truth, hole = pan(40 * i, 2), squares(20, 2)
        save(tmp_path / "masks" / sequence, hole)
        if name.startswith("completion"):
            truth, hole = enlarged(truth, hole)
        theirs = np.clip(truth + rng.normal(0, 12, truth.shape), 0, 255).astype(np.uint8)
        save(tmp_path / "theirs" / sequence, theirs)
        expected[sequence] = by_hand(np.where(hole[..., None], theirs, truth), truth, hole)
    config = EvaluationConfig(
        protocols=(name,),
        masks=(str(tmp_path / "masks"),),
        sequences=("ant", "bee"),
        max_frames=2,
        predictions=(f"theirs={tmp_path / 'theirs'}",),
    )
    scores = [score for score in evaluate(data, config, {}) if score.method == "theirs"]
    metrics = [metric for metric in METRICS[name] if metric != LPIPS] + ["warp", "hole_warp"]
    assert len(metrics) >= 4
    for metric in metrics:
        found = {score.sequence: score.mean(metric) for score in scores} | {"mean": mean_over_frames(scores, metric)}
        by_sequence = {sequence: figures[metric] for sequence, figures in expected.items()}
        digits, right = UNITS[metric].digits, by_sequence | {"mean": np.mean(list(by_sequence.values()))}
        assert {k: f"{v:.{digits}f}" for k, v in found.items()} == {k: f"{v:.{digits}f}" for k, v in right.items()}


def save(folder, pictures):
    """Writes frames or masks."""
    folder.mkdir(parents=True)
    for number, picture in enumerate(pictures):
        write_png(folder / f"{number:05d}.png", picture)
