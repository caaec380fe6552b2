"""The page that shows a result: one HTML file that needs neither network nor other files."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from master_thesis.configs.inpainting import ALGORITHMS, InpaintOptions
from master_thesis.configs.video import VideoConfig
from master_thesis.images.codec import png_bytes
from master_thesis.runtime.atomic import atomic_path
from master_thesis.video.checks import Report
from master_thesis.video.provenance import FrameOrigin
from master_thesis.video.report.chart import origin_chart
from master_thesis.video.report.closeups import Closeup

CHUNK = 3 << 18
"""Bytes of the preview that are encoded at a time; a multiple of 3, so that the pieces of base64 join."""
UNLISTED = ("output", "report", "check", "overwrite")
"""Options that the page does not list, because they do not change the result."""
PREVIEW_MARKER = Markup("<preview>")
"""Stands for the preview in the rendered page. No other text contains it, because all others are escaped."""


@dataclass(frozen=True)
class Page:
    """The contents of a page, without the preview.

    Attributes:
        title: heading of the page.
        sentence: summary of the result.
        origins: the origins of all frames, in order.
        facts: how the result was made, by name.
        closeups: crops around the hole at full size.
    """

    title: str
    sentence: str
    origins: Sequence[FrameOrigin]
    facts: Mapping[str, str]
    closeups: Sequence[Closeup] = ()


def facts_of(config: VideoConfig, options: InpaintOptions, report: Report, output: Path) -> dict[str, str]:
    """How a result was made: algorithm, output, what the examination found, and the options that are set."""
    algorithm = f"{options.algorithm} ({ALGORITHMS[options.algorithm]})"
    found = "\n".join([*report.facts, *report.notices])
    flags = {name: value for name, value in vars(config).items() if value and name not in UNLISTED}
    shown = {f"--{name}": " ".join(map(str, v)) if isinstance(v, tuple) else str(v) for name, v in flags.items()}
    return {"algorithm": algorithm, "result": str(output), "found": found, **shown}


def write_page(path: Path, page: Page, preview: Path) -> None:
    """Writes a page with its preview, which is never completely in memory; the file appears complete or not at all.

    Args:
        path: the HTML file.
        page: the contents.
        preview: the video of the three panels.

    Raises:
        UserError: the file cannot be written.
    """
    before, _, after = render(page).partition(PREVIEW_MARKER)
    with atomic_path(path) as part, part.open("w", encoding="utf-8") as file, preview.open("rb") as video:
        file.write(before)
        while chunk := video.read(CHUNK):
            file.write(base64.b64encode(chunk).decode("ascii"))
        file.write(after)


def render(page: Page) -> str:
    """The HTML of a page, with ``PREVIEW_MARKER`` in place of the preview."""
    folder = files("master_thesis.video.report")
    template, css, js = (folder.joinpath(f"page.{suffix}").read_text("utf-8") for suffix in ("html", "css", "js"))
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    return environment.from_string(template).render(
        page=page,
        css=Markup(css),  # the package's own files are markup, everything else is escaped
        js=Markup(js),
        chart=Markup(origin_chart(page.origins)),
        data=_timeline(page.origins),
        preview=PREVIEW_MARKER,
        as_png=_as_png,
    )


def _as_png(picture: UInt8[np.ndarray, "h w 3"]) -> str:
    """A picture as the address of an image that contains it."""
    return f"data:image/png;base64,{base64.b64encode(png_bytes(picture)).decode('ascii')}"


def _timeline(origins: Sequence[FrameOrigin]) -> dict[str, list[float] | list[str]]:
    """What the script needs per frame: its time, from 0, and a caption."""
    start = origins[0].seconds
    return {"seconds": [round(o.seconds - start, 4) for o in origins], "captions": [_caption(o) for o in origins]}


def _caption(origin: FrameOrigin) -> str:
    if not origin.hole_percent:
        return "no hole"
    return f"{origin.copied_percent:.0f} % copied, {origin.hallucinated_percent:.0f} % hallucinated"
