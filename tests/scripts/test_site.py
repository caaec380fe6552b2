"""The pages that the documentation site has beside docs/."""

import json

import pytest

from scripts import site


@pytest.mark.parametrize(
    ("text", "source", "expected"),
    [
        ("[videos](docs/video.md#masks)", "README.md", "[videos](video.md#masks)"),
        ("![a](docs/images/walker.jpg)", "README.md", "![a](images/walker.jpg)"),
        ("[card](../master_thesis/weights/README.md)", "docs/results.md", "[card](weights.md)"),
        ("[run](../../docs/training.md)", "master_thesis/weights/README.md", "[run](training.md)"),
        ("[book](notebooks/remove.ipynb)", "docs/extending.md", "[book](notebooks/remove.md)"),
        ("[it](../extending.md)", "docs/notebooks/remove.ipynb", "[it](../extending.md)"),
        ("[test](../tests/conftest.py)", "docs/video.md", "test (`tests/conftest.py`)"),
        ("[a](https://a.org) f[0](x) [b](#c)", "README.md", "[a](https://a.org) f[0](x) [b](#c)"),
        ("[gone](docs/gone.md)", "README.md", "[gone](docs/gone.md)"),
    ],
)
def test_links_lead_to_pages(text, source, expected):
    assert site.translated(text, source) == expected


def test_a_notebook_shows_code_and_outputs():
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "text"]},
        {
            "cell_type": "code",
            "source": ["1 + 1"],
            "outputs": [{"text": ["2\n"]}, {"data": {"image/png": "QUJD\n", "text/plain": ["<Figure>"]}}],
        },
    ]
    assert site.notebook_text(json.loads(json.dumps({"cells": cells}))) == (
        "# Title\ntext\n\n```python\n1 + 1\n```\n\n```text\n2\n```\n\n![output](data:image/png;base64,QUJD)"
    )


def test_every_module_has_a_place_in_the_reference():
    rooms = site.rooms()
    assert "master_thesis.models.small.aligner" in rooms["models"]
    assert rooms["errors"] == ["master_thesis.errors"]
    assert "::: master_thesis.errors" in site.reference_text("errors", rooms["errors"])


def test_roles_of_docstrings_are_shown_as_code():
    html = "see :class:<code>~master_thesis.records.Clip</code> and :func:<code>warp</code>"
    assert site.on_page_content(html) == "see <code>Clip</code> and <code>warp</code>"
