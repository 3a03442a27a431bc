"""Where data sets lie: nothing is shipped, so a loader says where to get what it does not find."""

import os
from pathlib import Path


def default_folder(name: str) -> Path:
    """Where a data set is looked for."""
    return Path(os.environ.get("EVENTSNN_DATA", ".")) / name


def file(path: Path, source: str, also: str = "") -> Path:
    """A path that has a file.

    Raises:
        FileNotFoundError: it has none; names the public source.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}{also}. Public source: {source}")
    return path


def data_folder(name: str, path: str | Path | None = None, source: str = "") -> Path:
    """The folder of a data set: `path`, or `$EVENTSNN_DATA/name`.

    Raises:
        FileNotFoundError: neither exists; names the public source.
    """
    folder = Path(path) if path is not None else default_folder(name)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{name}: no folder {folder}. Give its path, or set EVENTSNN_DATA to the folder that holds {name!r}. "
            f"Public source: {source}"
        )
    return folder
