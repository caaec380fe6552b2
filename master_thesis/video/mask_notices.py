"""Notices about masks: their values, and how they were matched with frames."""

from __future__ import annotations

from master_thesis.configs.video import VideoConfig
from master_thesis.video.io.mask_values import BRIGHT
from master_thesis.video.survey import Survey
from master_thesis.wording import listed

SOFT_PERCENT = 5
"""Grey pixels, in percent of the hole, from which they are mentioned."""


def why_empty(found: Survey, config: VideoConfig) -> str:
    """Why no mask has a hole; empty if the values do not say."""
    brightest = found.tally.values.brightest
    if config.object_ids or config.invert_mask or not 0 < brightest <= BRIGHT:
        return ""
    return f": its brightest value is {brightest} (above {BRIGHT} counts)"


def matching_notices(found: Survey) -> list[str]:
    """How masks were matched with frames, if that may surprise, and which of their values do not count."""
    values, notices = found.tally.values, list(dict.fromkeys(found.tally.notes))
    if values.num_hole and values.grey_percent > SOFT_PERCENT:
        notices.append(
            f"masks have grey pixels, {values.grey_percent:.0f} % as many as those of the hole: "
            f"they do not count (above {BRIGHT} counts)"
        )
    return notices


def held_notice(found: Survey) -> list[str]:
    """Which frames are damaged, and what is shown instead."""
    ways = ((found.bridged, "made from neighbouring frames"), (found.held, "the frame before is repeated"))
    return [f"damaged {listed('frame', numbers)}: {way}" for numbers, way in ways if numbers]
