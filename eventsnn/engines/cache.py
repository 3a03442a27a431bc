"""Kernels on disk: a module of each text, and beside it what Numba compiled of it."""

import hashlib
import importlib.util
import os
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from types import ModuleType


@lru_cache(maxsize=64)
def load(source: str) -> ModuleType:
    """The module of a kernel's text."""
    name = "kernel_" + hashlib.sha256(f"{how()}|{source}".encode()).hexdigest()[:20]
    path = folder() / f"{name}.py"
    if not path.exists():
        beside = path.with_suffix(f".{os.getpid()}.part")
        beside.write_text(source)
        os.replace(beside, path)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@lru_cache(maxsize=1)
def how() -> str:
    """What else compiled code depends on: Numba, and what this package adds to it."""
    import numba

    own = (
        Path(__file__).with_name(name).read_text() for name in ("assembly.py", "bundles.py", "prefetch.py", "shelf.py")
    )
    return "|".join((numba.__version__, *own))


def folder() -> Path:
    """Where kernels are kept: $EVENTSNN_CACHE, the user's cache, or else a temporary folder."""
    home = os.environ.get("EVENTSNN_CACHE") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    for place in (Path(home) / "eventsnn", Path(tempfile.gettempdir()) / f"eventsnn-{os.getuid()}"):
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(place, os.W_OK):
            return place
    raise OSError("no folder to keep compiled kernels in; set EVENTSNN_CACHE to one that can be written")
