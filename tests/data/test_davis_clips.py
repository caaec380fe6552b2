import numpy as np
import torch

from master_thesis.data.davis_clips import DavisClips
from master_thesis.data.sequences import DavisSequence, find_test_sequences
from master_thesis.images.codec import read_mask


def test_complete_test_sequences(data_config, sample_tree):
    sequences, _ = find_test_sequences(str(sample_tree))
    clips = DavisClips(data_config(frames_n=-1, dilatation_iterations=0, test_size=(80, 142)), sequences)
    assert len(clips) == 2
    for i, sequence in enumerate(sequences):
        clip = clips[i].clip
        assert clip.frames.shape == (1, 3, 8, 80, 142)
        assert clip.names == (sequence.name,)
        masks = np.stack([read_mask(path) for path in sequence.masks])
        np.testing.assert_array_equal(clip.mask[0, 0].numpy(), masks)
        assert torch.equal(clip.movement, torch.eye(3).expand(1, 8, 3, 3))
        assert not clip.is_simulated


def test_test_clips_cover_each_sequence(data_config, sample_tree):
    sequences, _ = find_test_sequences(str(sample_tree))
    clips = DavisClips(data_config(frames_n=3, frames_spacing=3), sequences)
    assert [chosen for _, chosen in clips.items] == [[3, 0, 3], [0, 3, 6], [3, 6, 7]] * 2
    assert clips[1].clip.frames.shape == (1, 3, 3, 32, 48)


def test_a_test_frame_without_a_mask_is_named(data_config, sample_tree):
    sequence = find_test_sequences(str(sample_tree))[0][0]
    bare = DavisSequence(sequence.name, sequence.frames, (None, *sequence.masks[1:]))
    item = DavisClips(data_config(frames_n=-1), [bare])[0]
    assert item.clip is None
    assert item.unreadable == (
        f"{sequence.name}: {sequence.frames[0]} has no mask: every frame needs one of the same name",
    )
