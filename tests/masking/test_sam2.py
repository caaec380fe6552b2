"""SAM 2 carries masks: a tiny model with random weights, saved and loaded as its users do."""

import warnings

import numpy as np
import pytest
import torch

from master_thesis.errors import UserError
from master_thesis.masking.carrying import Tracker
from master_thesis.masking.spans import carry_span, plan_spans
from master_thesis.masking.trackers import load_tracker

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    transformers = pytest.importorskip("transformers")

SIZE = (48, 64)


def tiny_config():
    backbone = {
        "embed_dim_per_stage": [8, 16, 32, 64],
        "blocks_per_stage": [1, 1, 2, 1],
        "num_attention_heads_per_stage": [1, 2, 4, 8],
        "hidden_size": 8,
        "num_attention_heads": 1,
        "global_attention_blocks": [3],
        "image_size": [64, 64],
        "window_positional_embedding_background_size": [2, 2],
        "window_size_per_stage": [4, 4, 4, 2],
        "model_type": "sam2_hiera_det_model",
    }
    vision = {
        "backbone_config": backbone,
        "backbone_channel_list": [64, 32, 16, 8],
        "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
        "fpn_hidden_size": 128,
        "model_type": "sam2_vision_model",
    }
    decoder = {
        "hidden_size": 128,
        "mlp_dim": 128,
        "num_attention_heads": 2,
        "iou_head_hidden_dim": 128,
        "num_hidden_layers": 2,
    }
    return transformers.Sam2VideoConfig(
        vision_config=vision,
        prompt_encoder_config={"hidden_size": 128, "image_size": 64, "mask_input_channels": 4},
        mask_decoder_config=decoder,
        image_size=64,
        memory_attention_hidden_size=128,
        memory_attention_num_layers=1,
        memory_attention_num_attention_heads=1,
        memory_attention_feed_forward_hidden_size=128,
        memory_attention_rope_feat_sizes=[4, 4],
        memory_encoder_hidden_size=128,
        memory_encoder_output_channels=64,
        mask_downsampler_embed_dim=128,
        memory_fuser_embed_dim=128,
        memory_fuser_intermediate_dim=128,
        num_maskmem=3,
        max_object_pointers_in_encoder=4,
    )


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sam2")
    torch.manual_seed(0)
    model = transformers.Sam2VideoModel(tiny_config())
    for values in model.parameters():  # as they start, masks would hardly depend on what is remembered
        torch.nn.init.normal_(values, std=0.15)
    torch.nn.init.constant_(model.mask_decoder.pred_obj_score_head.proj_out.bias, 50)  # the object is always there
    model.save_pretrained(folder)
    size = {"height": 64, "width": 64}
    pictures = transformers.Sam2ImageProcessor(size=size, mask_size={"height": 16, "width": 16})
    transformers.Sam2VideoProcessor(
        image_processor=pictures, video_processor=transformers.Sam2VideoVideoProcessor(size=size), target_size=64
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def frames():
    noise = np.random.default_rng(0).integers(0, 255, (12, *SIZE, 3), dtype=np.uint8)
    return [frame // 2 + (64 if t % 2 else 0) for t, frame in enumerate(noise)]


@pytest.fixture(scope="module")
def make(weights):
    loaded = load_tracker("sam2", str(weights))
    return lambda frames: loaded.make(frames.__getitem__, SIZE)


def square():
    mask = np.zeros(SIZE, np.float32)
    mask[10:30, 20:44] = 1
    return mask


@torch.inference_mode()
def published(weights, frames, start):
    """Masks by the loop of the package itself, which holds the entire video."""
    model = transformers.Sam2VideoModel.from_pretrained(weights).eval()
    processor = transformers.Sam2VideoProcessor.from_pretrained(weights)
    session = processor.init_video_session(video=torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2))
    processor.add_inputs_to_inference_session(session, start, 1, input_masks=torch.from_numpy(square() > 0))
    model(session, frame_idx=start)
    steps = model.propagate_in_video_iterator(session, start_frame_idx=start, reverse=start > 0)
    found = {step.frame_idx: step.pred_masks for step in steps}
    sizes = {"size": SIZE, "mode": "bilinear", "align_corners": False}
    return {t: torch.nn.functional.interpolate(m, **sizes)[0, 0].sigmoid().numpy() for t, m in found.items()}


@pytest.mark.parametrize("route", [range(12), range(11, -1, -1)])
def test_masks_are_those_of_the_package(weights, make, frames, route):
    expected = published(weights, frames, route[0])
    carried = list(make(frames).carry({route[0]: square()}, route))
    assert [each.frame for each in carried] == list(route)[1:]
    for each in carried:
        np.testing.assert_allclose(each.mask, expected[each.frame], atol=1e-5)
        assert 0 <= each.returned <= 1
    assert np.ptp([each.mask.mean() for each in carried]) > 0


def test_memory_does_not_grow_with_the_video(make, frames):
    tracker, held = make(frames), []
    original = tracker._forget

    def counted(session, frame, step):
        original(session, frame, step)
        held.append(len(session.output_dict_per_obj[0]["non_cond_frame_outputs"]))

    tracker._forget = counted
    assert len(list(tracker.carry({0: square()}, range(12)))) == 11
    assert max(held) == held[-1] == 4
    assert len(tracker._features) <= 3


def test_it_fits_where_the_built_in_tracker_does(make, frames):
    tracker = make(frames)
    assert isinstance(tracker, Tracker)
    keys = {0: square(), 6: square()}
    spans = plan_spans(12, [], sorted(keys))
    masks = [each for span in spans for each in carry_span(tracker, keys, span)]
    assert [each.frame for each in masks] == [1, 2, 3, 4, 5, 7, 8, 9, 10, 11]
    assert all(each.mask.shape == SIZE and 0 <= each.confidence <= 1 for each in masks)


def test_an_empty_key_frame_is_returned_by_nothing(make, frames):
    carried = list(make(frames).carry({0: np.zeros(SIZE, np.float32)}, range(3)))
    assert [each.returned for each in carried] == [0, 0]


def test_weights_that_are_not_sam2_are_refused(tmp_path, weights):
    with pytest.raises(UserError, match=r"--tracker_weights .*none: cannot be loaded"):
        load_tracker("sam2", str(tmp_path / "none"))
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(UserError, match="should be those of SAM 2, got bert"):
        load_tracker("sam2", str(tmp_path))


def test_weights_that_lack_something_are_refused(tmp_path, weights):
    model = transformers.Sam2VideoModel.from_pretrained(weights)
    transformers.Sam2VideoProcessor.from_pretrained(weights).save_pretrained(tmp_path)
    state = {name: value for name, value in model.state_dict().items() if "memory_encoder" not in name}
    model.save_pretrained(tmp_path, state_dict=state)
    with pytest.raises(UserError, match=r"should hold all of SAM 2, lacks memory_encoder"):
        load_tracker("sam2", str(tmp_path))
