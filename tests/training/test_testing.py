import av
import numpy as np

from master_thesis.training import testing
from master_thesis.training.testing import ClipFigures, SequenceFilling, video_path
from tests.factories import Painter, StillAligner, make_clip


def test_known_pixels_equal_the_input_before_encoding(monkeypatch, tmp_path):
    clip = make_clip(num=1, num_frames=5, size=32)
    written = {}
    monkeypatch.setattr(testing, "write_video", lambda path, frames, rate: written.update({path: np.stack([*frames])}))
    SequenceFilling(StillAligner(), Painter(), tmp_path, ("ff", "ip", "cp")).test_step(clip, 0)
    known = ~clip.mask[0, 0].numpy()
    true = clip.frames[0].permute(1, 2, 3, 0).numpy()
    assert set(written) == {video_path(tmp_path, "a", algorithm) for algorithm in ("ff", "ip", "cp")}
    for film in written.values():
        assert np.array_equal(film[known], true[known])
        assert not np.array_equal(film[~known], true[~known])


def test_video_has_the_name_of_its_sequence_and_24_frames_per_second(tmp_path):
    SequenceFilling(StillAligner(), Painter(), tmp_path / "new", ["ip"]).test_step(make_clip(num=1, size=32), 0)
    path = tmp_path / "new" / "a_ip.mp4"
    assert list(path.parent.iterdir()) == [path], "no incomplete file remains"
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.average_rate, stream.frames) == ("h264", 24, 3)


def test_every_clip_of_a_batch_is_shown_under_its_name(monkeypatch):
    shown = []
    monkeypatch.setattr(testing, "show", lambda module, name, picture, step: shown.append((name, picture.shape, step)))
    module = ClipFigures(StillAligner())
    module.test_step(make_clip(num=2, num_frames=2, size=16), 0)
    module.test_step(make_clip(num=1, num_frames=2, size=16), 1)
    row = (3, 18 + 16 + 4, 5 * (16 + 2) + 2)
    assert shown == [("test/a", row, 0), ("test/b", row, 1), ("test/a", row, 2)]
