"""SAM 2 as a tracker, by the package transformers.

Source: Ravi et al., "SAM 2: Segment Anything in Images and Videos", 2024; weights and code as in transformers.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float

from master_thesis.errors import UserError, require
from master_thesis.masking.carrying import Carried, GetFrame, SoftMask, overlap
from master_thesis.masking.trackers import TRACKERS, LoadedTracker

PIXELS = 480 * 864
"""Number of pixels of its input frames."""
INSTALL = f"--tracker sam2 needs {TRACKERS['sam2'].install}"
NUM_FEATURES = 3
"""Frames whose features are kept, at 16 MB each."""
OBJECT = 1


def load_sam2(weights: str) -> LoadedTracker:
    """Loads SAM 2.

    Args:
        weights: a folder or a name, as for ``Sam2VideoModel.from_pretrained``, which downloads what a name stands for
            unless it has it.

    Raises:
        UserError: the package is missing, or the weights are not those of SAM 2.
    """
    try:
        transformers = import_module("transformers")
        model_class, processor_class = transformers.Sam2VideoModel, transformers.Sam2VideoProcessor
    except (ImportError, AttributeError) as error:
        raise UserError(INSTALL) from error
    try:
        kind = transformers.AutoConfig.from_pretrained(weights).model_type
        require(kind == "sam2_video", f"--tracker_weights {weights} should be those of SAM 2, got {kind}")
        processor = processor_class.from_pretrained(weights)
        model, report = model_class.from_pretrained(weights, output_loading_info=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(
            f"--tracker_weights {weights}: cannot be loaded ({' '.join(str(error).split())[:300]})"
        ) from None
    missing = sorted(report["missing_keys"])
    require(not missing, f"--tracker_weights {weights} should hold all of SAM 2, lacks {', '.join(missing[:3])}")
    model = model.eval()
    return LoadedTracker(partial(Sam2Tracker, model, processor), model, PIXELS)


class Sam2Tracker:
    """Carries masks by SAM 2 (contract: :class:`~master_thesis.masking.carrying.Tracker`).

    Args:
        model: a ``Sam2VideoModel``.
        processor: its ``Sam2VideoProcessor``.
        frame_at: returns frames by number.
        size: their height and width.
    """

    def __init__(self, model: Any, processor: Any, frame_at: GetFrame, size: tuple[int, int]) -> None:
        self.model, self.processor, self.frame_at, self.size = model, processor, frame_at, size
        self._features: OrderedDict[int, dict[str, Any]] = OrderedDict()

    def carry(self, keys: Mapping[int, SoftMask], route: Sequence[int]) -> Iterator[Carried]:
        """Carries the mask of the first frame of a route along it."""
        start, session = route[0], self._session(keys)
        is_visible = bool((keys[start] > 0.5).any())
        for before, frame in pairwise(route):
            mask = self._find(session, frame, is_back=frame < before)
            returned = 0.0
            if is_visible and (mask > 0.5).any():
                there = self._find(self._session({frame: mask}), start, is_back=start < frame)
                returned = overlap(there, keys[start])
            yield Carried(frame, mask, returned)
            self._forget(session, frame, step=frame - before)

    @torch.inference_mode()
    def _session(self, masks: Mapping[int, SoftMask]) -> Any:
        """A session that knows the masks of some frames."""
        session = self.processor.init_video_session()
        for frame, mask in masks.items():
            self._give(session, frame)
            known = torch.from_numpy(mask > 0.5)
            self.processor.add_inputs_to_inference_session(session, frame, OBJECT, input_masks=known)
            self.model(session, frame_idx=frame)
        return session

    @torch.inference_mode()
    def _find(self, session: Any, frame: int, is_back: bool) -> SoftMask:
        """The mask of a frame."""
        pixels = self._give(session, frame)
        found = self.model(session, frame_idx=frame, frame=pixels, reverse=is_back)
        logits = F.interpolate(found.pred_masks.float(), self.size, mode="bilinear", align_corners=False)
        return logits[0, 0].sigmoid().numpy()

    def _give(self, session: Any, frame: int) -> Float[torch.Tensor, "1 3 H W"]:
        """Adds a frame with its features, which are computed once, to a session."""
        if frame not in self._features:
            video = torch.from_numpy(np.array(self.frame_at(frame))).permute(2, 0, 1)[None]
            pixels = self.processor.video_processor(videos=[video], return_tensors="pt").pixel_values_videos[0]
            found = self.model.get_image_features(pixels, return_dict=True)
            features = {"vision_feats": found.fpn_hidden_states, "vision_pos_embeds": found.fpn_position_encoding}
            self._features[frame] = features | {"pixels": pixels}
            if len(self._features) > NUM_FEATURES:
                self._features.popitem(last=False)
        self._features.move_to_end(frame)
        session.cache.clear_all()
        session.cache.cache_vision_features(frame, self._features[frame])
        pixels = self._features[frame]["pixels"]
        session.processed_frames = {frame: pixels[0]}
        return pixels

    def _forget(self, session: Any, frame: int, step: int) -> None:
        """Drops what later frames do not use, as long videos would fill the memory."""
        reach = max(self.model.config.num_maskmem, self.model.config.max_object_pointers_in_encoder)
        for outputs in session.output_dict_per_obj.values():
            outputs["non_cond_frame_outputs"].pop(frame - step * reach, None)
