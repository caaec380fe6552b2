"""``app``: a page in the browser for drawing, carrying and removing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from master_thesis.cli.options import CommandOptions
from master_thesis.configs.fields import check_bounds, option
from master_thesis.errors import UserError
from master_thesis.runtime.interruption import terminated_like_interrupted


@dataclass(frozen=True, kw_only=True)
class AppOptions(CommandOptions):
    """Draw masks and remove objects in the browser, on this machine alone."""

    NAME = "app"
    COMMON = ("port", "sessions", "config")

    port: int = option(8470, "port of the page on 127.0.0.1; 0: any that is free", within=(0, 65535))
    sessions: str | None = option(
        None,
        "folder of the sessions: what was opened, drawn and made",
        metavar="FOLDER",
        otherwise="master_thesis/app in the user's cache",
    )

    def __post_init__(self) -> None:
        check_bounds(self)


def app(options: AppOptions) -> None:
    """Serves the page until Ctrl-C."""
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise UserError(f"app needs the package {error.name}: pip install 'master_thesis[app]'") from error
    from master_thesis.app.serving import Page, default_folder

    page = Page(Path(options.sessions) if options.sessions else default_folder(), options.port)
    print(f"open {page.address} (Ctrl-C ends; sessions are kept in {page.store.folder})", flush=True)
    with terminated_like_interrupted():
        page.run()
