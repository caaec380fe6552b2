"""Adds pages to the documentation site: README and its like, notebooks, and a reference of every module.

MkDocs calls the hooks (``mkdocs.yml``); nothing is written beside its output, and nothing of the package is imported.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "master_thesis"
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    f"{PACKAGE}/weights/README.md": "weights.md",
}
"""Files outside ``docs/`` and their pages."""
LINK = re.compile(r"\[([^\]]*)\]\(([^)#\s:]+)(#[^)\s]*)?\)")

ROLE = re.compile(r":(?:class|data|func|meth|mod|attr|exc):<code>(~?)([^<]*)</code>")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Completes the navigation by a page for every room of the package."""
    assert config.nav is not None
    config.nav.append({"Reference": [f"reference/{room}.md" for room in rooms()]})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the generated pages."""
    from mkdocs.structure.files import File

    pages = {page: translated((ROOT / source).read_text(encoding="utf-8"), source) for source, page in PAGES.items()}
    for path in sorted((ROOT / "docs" / "notebooks").glob("*.ipynb")):
        source = path.relative_to(ROOT).as_posix()
        pages[page_of(source)] = translated(notebook_text(json.loads(path.read_text(encoding="utf-8"))), source)
    for room, modules in rooms().items():
        pages[f"reference/{room}.md"] = reference_text(room, modules)
    for page, text in pages.items():
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Turns links of a page in ``docs/`` to files outside it into links to their pages."""
    is_ours = (ROOT / "docs" / page.file.src_uri).is_file()
    return translated(markdown, f"docs/{page.file.src_uri}") if is_ours else markdown


def on_page_content(html: str, **_: Any) -> str:
    """Shows the roles of docstrings, as in ``:class:`~records.Clip```, as code."""
    return ROLE.sub(lambda m: f"<code>{m[2].rpartition('.')[2] if m[1] else m[2]}</code>", html)


def page_of(source: str) -> str:
    """The page of a file of the repository.

    >>> page_of("README.md"), page_of("docs/data.md"), page_of("docs/notebooks/remove.ipynb")
    ('index.md', 'data.md', 'notebooks/remove.md')
    """
    return PAGES.get(source, re.sub(r"\.ipynb$", ".md", source.removeprefix("docs/")))


def translated(text: str, source: str) -> str:
    """Rewrites the links of a file of the repository for the site; the text of links to other files remains."""

    def link(match: re.Match[str]) -> str:
        words, target, anchor = match.groups()
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        if not (ROOT / path).exists():
            return match[0]
        if path not in PAGES and not path.startswith("docs/"):
            return f"{words} (`{path}`)"
        return f"[{words}]({posixpath.relpath(page_of(path), posixpath.dirname(page_of(source)) or '.')}{anchor or ''})"

    return LINK.sub(link, text)


def notebook_text(notebook: dict[str, Any]) -> str:
    """A notebook with its outputs as Markdown."""
    parts = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
        parts += [shown(output) for output in cell.get("outputs", ())]
    return "\n\n".join(parts)


def shown(output: dict[str, Any]) -> str:
    """An output of a cell: a picture, or its text."""
    data = output.get("data", {})
    if "image/png" in data:
        return f"![output](data:image/png;base64,{''.join(data['image/png']).strip()})"
    return f"```text\n{''.join(output.get('text', data.get('text/plain', ''))).strip()}\n```"


def rooms() -> dict[str, list[str]]:
    """The modules of every room of the package, by room, without empty ``__init__`` files."""
    found: dict[str, list[str]] = {}
    for path in module_files():
        parts = path.relative_to(ROOT).with_suffix("").parts
        found.setdefault(parts[1], []).append(".".join(parts))
    return found


def module_files() -> Iterator[Path]:
    """The files of the package's modules, by name."""
    for path in sorted((ROOT / PACKAGE).rglob("*.py"), key=os.fspath):
        if not path.name.startswith("__"):
            yield path


def reference_text(room: str, modules: list[str]) -> str:
    """The page of a room."""
    return "\n\n".join([f"# {room}", *(f"::: {module}" for module in modules)])
