"""The files of the synthetic sample, told from a person's own by their SHA-256.

They lie beside the raw table, where a person may have a `sample.csv` too. `sample.sha256` lists what gallop wrote; a
file that is not listed there with its digest is never overwritten, deleted, or taken for the sample.
"""

from pathlib import Path

from gallop.errors import ForeignFileError
from gallop.files import digest, sha256_of, write_text
from gallop.flow.project import ProjectPaths


def write_files(paths: ProjectPaths, leads: str, truth: str) -> None:
    """Write the sample's two files and their list; what is there already stays.

    Raises:
        ForeignFileError: a file of that name is there, and gallop did not make it. Nothing is written.
    """
    texts = {paths.sample: leads, paths.truth: truth}
    coming = {(path.name, sha256_of(text)) for path, text in texts.items()}
    known = _listed(paths)
    for path in texts:
        if path.exists() and (not path.is_file() or (path.name, digest(path)) not in known | coming):
            raise ForeignFileError(
                f"{path}: is there, and gallop did not make it; it is left as it is. Move it away to get the synthetic "
                f"sample, or name it in data.raw if it is the table to learn from"
            )
    # Listed before they are there, and the former ones until they are gone: a kill leaves none of ours unlisted.
    _list(paths, known | coming)
    for path, text in texts.items():
        if not path.is_file() or digest(path) != sha256_of(text):
            write_text(path, text)
    _list(paths, coming)


def remove_files(paths: ProjectPaths) -> None:
    """Delete the sample's files, as far as gallop made them."""
    known = _listed(paths)
    if not known:
        return
    for path in (paths.sample, paths.truth):
        if is_own(paths, path):
            path.unlink()
    paths.sample_digests.unlink()


def is_own(paths: ProjectPaths, path: Path) -> bool:
    """Whether a file is one that `write_files` wrote, unchanged since."""
    return path != paths.raw and path.is_file() and (path.name, digest(path)) in _listed(paths)


def _listed(paths: ProjectPaths) -> set[tuple[str, str]]:
    try:
        lines = paths.sample_digests.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, UnicodeDecodeError):
        return set()
    pairs = [line.split("  ", 1) for line in lines]
    return {(pair[1], pair[0]) for pair in pairs if len(pair) == 2 and len(pair[0]) == 64}


def _list(paths: ProjectPaths, files: set[tuple[str, str]]) -> None:
    text = "".join(f"{value}  {name}\n" for name, value in sorted(files))
    if not paths.sample_digests.is_file() or paths.sample_digests.read_text(encoding="utf-8") != text:
        write_text(paths.sample_digests, text)
