"""The page to look at: one HTML file that needs nothing else, neither network nor neighbouring files."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from master_thesis.runtime.atomic import atomic_path
from master_thesis.video.provenance import FrameOrigin
from master_thesis.video.report.chart import origin_chart

CHUNK = 3 << 18
"""Bytes of the preview encoded at a time; a multiple of 3, so that the pieces of base64 join."""


def write_page(
    path: Path,
    title: str,
    sentence: str,
    origins: Sequence[FrameOrigin],
    options: Mapping[str, str],
    preview: Path,
) -> None:
    """Writes the page, whole or not at all.

    Args:
        path: where.
        title: of the page.
        sentence: what a reader should know.
        origins: of every frame, in order.
        options: what was worked on and how, shown as a table.
        preview: the video of the three panels, which goes into the page.

    Raises:
        UserError: where it cannot be written.
    """
    first, _, last = _filled(title, sentence, origins, options).partition("{{media}}")
    with atomic_path(path) as part, part.open("w", encoding="utf-8") as page, preview.open("rb") as video:
        page.write(first)
        while chunk := video.read(CHUNK):
            page.write(base64.b64encode(chunk).decode("ascii"))
        page.write(last)


def _filled(title: str, sentence: str, origins: Sequence[FrameOrigin], options: Mapping[str, str]) -> str:
    """The page without its video."""
    here = files("master_thesis.video.report")
    rows = (f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>" for name, value in options.items())
    values = {
        "css": here.joinpath("page.css").read_text("utf-8"),
        "js": here.joinpath("page.js").read_text("utf-8"),
        "title": html.escape(title),
        "sentence": html.escape(sentence),
        "chart": origin_chart(origins),
        "table": "\n".join(rows),
        "data": _data(origins),
    }
    # Split first: what the user wrote may look like a placeholder itself and must stay as it is.
    pieces = here.joinpath("page.html").read_text("utf-8").split("{{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        name, _, rest = piece.partition("}}")
        filled.append(values.get(name, "{{media}}") + rest)
    return "".join(filled)


def _data(origins: Sequence[FrameOrigin]) -> str:
    start = origins[0].seconds
    data = {"seconds": [round(o.seconds - start, 4) for o in origins], "told": [_told(o) for o in origins]}
    return json.dumps(data).replace("<", "\\u003c")


def _told(origin: FrameOrigin) -> str:
    if not origin.hole_percent:
        return "no hole"
    return f"{origin.copied_percent:.0f} % copied, {origin.hallucinated_percent:.0f} % hallucinated"
