"""Saving and loading: a network's description and its complete dynamic state in one file.

The file is a zip archive of NumPy arrays and one JSON header; nothing in it is executed on loading, except that the
classes and functions it names are imported. It is written beside the old one and renamed, so the old one is never lost.
"""

import dataclasses
import importlib
import io
import json
import os
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from eventsnn.errors import EngineError
from eventsnn.graph import Description, Population, Projection
from eventsnn.model import Model
from eventsnn.processes import FunctionProcess, Process

FORMAT = 3
_BROKEN = (  # what the readers of zip, zlib, NumPy and JSON raise on bytes that are not what was written
    OSError, ValueError, LookupError, TypeError, EOFError, RuntimeError, AttributeError, SyntaxError, MemoryError,
    struct.error, zlib.error, zipfile.BadZipFile,
)  # fmt: skip


def write(path: str | Path, content: dict[str, Any]) -> None:
    """Write plain values and arrays, nested in dictionaries and lists, to one file.

    Raises:
        EngineError: a path at which no file can be.
    """
    path = Path(path)
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise EngineError(f"cannot save to {path}; give the name of a file in a folder that exists")
    arrays: dict[str, np.ndarray] = {}
    header = json.dumps({"eventsnn": FORMAT, "content": _flatten(content, arrays)})
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(beside, "wb") as file:
            np.savez_compressed(file, header=np.frombuffer(header.encode(), np.uint8), **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def read(path: str | Path) -> dict[str, Any]:
    """Read what `write` wrote.

    Raises:
        FileNotFoundError: no such file.
        EngineError: a file cut short, not made by eventsnn, or of another version.
    """
    try:
        with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
            members = {name.removesuffix(".npy"): archive.read(name) for name in archive.namelist()}  # checks sums
        arrays = {name: np.load(io.BytesIO(member), allow_pickle=False) for name, member in members.items()}
        header = json.loads(bytes(arrays.pop("header")).decode())
        version = header["eventsnn"]
        content: dict[str, Any] = _restore(header["content"], arrays) if version == FORMAT else {}
    except (FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except _BROKEN as error:
        raise EngineError(f"{path} is not a complete eventsnn file ({error}); it may have been cut short") from error
    if version != FORMAT:
        raise EngineError(
            f"{path} has format {version}; this eventsnn reads format {FORMAT}. Save it again with its own version"
        )
    return content


def _flatten(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(value, np.ndarray):
        name = f"a{len(arrays)}"
        arrays[name] = value
        return {"$array": name}
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str) or key.startswith("$array"):
                raise EngineError(f"a dictionary with the key {key!r} cannot be saved; use other strings as keys")
        return {key: _flatten(v, arrays) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_flatten(v, arrays) for v in value]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise EngineError(f"{value!r} of type {type(value).__name__} cannot be saved; keep numbers, strings, lists, arrays")


def _restore(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(value, dict):
        if "$array" in value:
            return arrays[value["$array"]]
        return {key: _restore(v, arrays) for key, v in value.items()}
    if isinstance(value, list):
        return [_restore(v, arrays) for v in value]
    return value


# -- descriptions -----------------------------------------------------------------------------------------------------


def pack(value: Any) -> Any:
    """An object of a description as plain values and arrays."""
    if isinstance(value, Description):
        names = {id(p): p.name for p in value.populations}
        return {
            "seed": value.seed,
            "grid": value.grid,
            "allow": None if value.allow is None else list(value.allow),
            "populations": [_pack_fields(p) for p in value.populations],
            "projections": [
                {**_pack_fields(p), "pre": names[id(p.pre)], "post": names[id(p.post)]} for p in value.projections
            ],
        }
    if isinstance(value, Model):
        return {"$class": _path(type(value)), "fields": {k: pack(v) for k, v in value.given.items()}}
    if isinstance(value, FunctionProcess):
        return {"$function": _path(value.function), "fields": {k: pack(v) for k, v in value.arguments.items()}}
    if isinstance(value, Process) and not vars(value):
        return {"$class": _path(type(value)), "fields": {}}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {"$class": _path(type(value)), "fields": _pack_fields(value)}
    if isinstance(value, dict):
        return {"$dict": {k: pack(v) for k, v in value.items()}}
    if isinstance(value, (list, tuple)):
        return [pack(v) for v in value]
    return value


def unpack(value: Any) -> Any:
    """What `pack` packed."""
    if isinstance(value, dict) and "populations" in value:
        populations = [Population(**{k: unpack(v) for k, v in p.items()}) for p in value["populations"]]
        for p in populations:
            p.record = tuple(p.record)
        named = {p.name: p for p in populations}
        projections = []
        for fields in value["projections"]:
            rest = {k: unpack(v) for k, v in fields.items() if k not in ("pre", "post")}
            projection = Projection(pre=named[fields["pre"]], post=named[fields["post"]], **rest)
            projection.record, projection.needs = tuple(projection.record), tuple(projection.needs)
            projections.append(projection)
        allow = value.get("allow")
        allowed = None if allow is None else tuple(allow)
        return Description(value["seed"], populations, projections, value.get("grid"), allowed)
    if isinstance(value, dict):
        if "$dict" in value:
            return {k: unpack(v) for k, v in value["$dict"].items()}
        fields = {k: unpack(v) for k, v in value["fields"].items()}
        if "$function" in value:
            return FunctionProcess(_import(value["$function"]), **fields)
        kind = _import(value["$class"])
        if not (isinstance(kind, type) and (issubclass(kind, (Model, Process)) or dataclasses.is_dataclass(kind))):
            raise EngineError(f"the file names {value['$class']}, which is no part of a network; it is not made")
        return kind(**fields)
    if isinstance(value, list):
        return [unpack(v) for v in value]
    return value


def _pack_fields(value: Any) -> dict[str, Any]:
    return {
        f.name: pack(getattr(value, f.name))
        for f in dataclasses.fields(value)
        if f.name not in ("pre", "post") or not isinstance(value, Projection)
    }


def _path(thing: Any) -> str:
    path = f"{getattr(thing, '__module__', '?')}:{getattr(thing, '__qualname__', '<object>')}"
    try:
        found = None if "<" in path else _import(path)
    except EngineError:
        found = None
    if found is not thing:
        raise EngineError(
            f"{thing!r} cannot be saved, because a file can only name what {path} imports; define it at the top of a "
            "file with def or class"
        )
    return path


def _import(path: str) -> Any:
    module, _, name = path.partition(":")
    try:
        thing: Any = importlib.import_module(module)
        for part in name.split("."):
            thing = getattr(thing, part)
    except (ImportError, AttributeError) as error:
        raise EngineError(
            f"the file needs {path}, which cannot be imported ({error}); load it where that exists"
        ) from error
    return thing
