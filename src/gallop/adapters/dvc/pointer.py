"""The pointer `raw.csv.dvc` pins the raw file by its md5. `dvc update` is never called: it would move the pin."""

from dataclasses import dataclass
from pathlib import Path

from gallop.errors import ChecksumError
from gallop.files import digest


@dataclass(frozen=True)
class Pin:
    """The content that a pointer pins."""

    md5: str
    size: int
    upstream: str | None


def pointer_of(raw: Path) -> Path:
    """Where DVC keeps the pointer of a file."""
    return raw.with_name(f"{raw.name}.dvc")


def pin(raw: Path) -> Pin | None:
    """The pin of a raw file; None where DVC does not track it. Raises `ChecksumError` where the pointer is broken."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    pointer = pointer_of(raw)
    if not pointer.is_file():
        return None
    try:
        content = YAML(typ="safe", pure=True).load(pointer.read_text(encoding="utf-8"))
        out = content["outs"][0]
        source = next(iter(content.get("deps", [])), {}).get("path")
        return Pin(str(out["md5"]), int(out["size"]), source)
    except (YAMLError, KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise ChecksumError(f"{pointer}: not a DVC pointer with an md5 and a size: {error!r}") from None


def verify_raw(raw: Path) -> Pin | None:
    """Check a raw file against its pin. Raises `ChecksumError`."""
    pinned = pin(raw)
    if pinned and (md5 := digest(raw, "md5")) != pinned.md5:
        raise ChecksumError(
            f"{raw}: md5 is {md5} ({raw.stat().st_size} bytes), {raw.name}.dvc pins {pinned.md5} ({pinned.size} "
            "bytes). Move the file away and run `gallop data pull`, or, if it is the new data, `dvc add` it"
        )
    return pinned
