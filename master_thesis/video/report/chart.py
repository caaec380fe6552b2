"""A chart of what the hole was filled with over time, as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence

from master_thesis.video.provenance import FrameOrigin

WIDTH, HEIGHT = 1000, 100
MAX_COLUMNS = 500
"""Longer videos show means over neighbouring frames."""


def origin_chart(origins: Sequence[FrameOrigin]) -> str:
    """Draws the copied and hallucinated share of the hole of every frame; frames without a hole stay blank.

    Args:
        origins: the origins of all frames, in order.
    """
    step = -(-len(origins) // MAX_COLUMNS)
    columns = [origins[i : i + step] for i in range(0, len(origins), step)]
    width = WIDTH / len(columns)
    bars = "".join(_bar(i * width, width, column) for i, column in enumerate(columns))
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" shape-rendering="crispEdges" role="img" '
        f'aria-label="Share of the hole that was copied and hallucinated in each of {len(origins)} frames">'
        f'{bars}<line class="head" x1="0" x2="0" y1="0" y2="{HEIGHT}"/></svg>'
    )


def _bar(x: float, width: float, column: Sequence[FrameOrigin]) -> str:
    holes = [origin for origin in column if origin.hole_percent > 0]
    if not holes:
        return ""
    copied = HEIGHT * sum(o.copied_percent for o in holes) / len(holes) / 100
    return "".join(
        f'<rect class="{kind}" x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}"/>'
        for kind, y, height in (("invented", 0.0, HEIGHT - copied), ("copied", HEIGHT - copied, copied))
    )
