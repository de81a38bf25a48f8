"""The history of a registered model, kept in MLflow's registry itself: one version of NAME.history an entry.

MLflow gives each version of a registered model the next number, in one transaction with its tags, and never a number
twice, deleted versions' included. Nothing else that every MLflow server has is like that: tags and aliases are
overwritten without a word. So entries have an order that all writers share, and a deleted one leaves a gap.
"""

import random
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, TypeVar

from gallop.results.history import Change, Entry, digest_of, text_of_change

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

HEAD: Final = "gallop.history.head"
"""Tag of the registered model: the digest of its newest entry, which thus cannot be deleted unnoticed."""
_TEXT, _DIGEST, _DONE, _VOID = "gallop.entry", "gallop.digest", "gallop.done", "gallop.void"
_PIECE: Final = 4000
"""Some stores cut or refuse tag values of more than 5,000 signs."""
_SOURCE: Final = "gallop:/history"
"""Every version has a source; an entry has no files."""
_TRIES: Final = 20
_DESCRIPTION: Final = (
    "What was live in {model}, since when and why: one version an entry, the tags hold it. Written by gallop, shown by "
    "`gallop history`; nothing is to be deleted here."
)
T = TypeVar("T")


def history_name(model: str) -> str:
    """The registered model that holds another one's history."""
    return f"{model}.history"


def read_entries(client: "MlflowClient", model: str) -> list[Entry]:
    """All entries, in the order in which they were written."""
    entries = []
    for version in versions_of(client, history_name(model)):
        tags = version.tags
        pieces = sorted((key for key in tags if key.startswith(f"{_TEXT}.")), key=lambda key: int(key.split(".")[-1]))
        text = "".join(tags[key] for key in pieces)
        entries.append(Entry(int(version.version), text, tags.get(_DIGEST, ""), _DONE in tags, _VOID in tags))
    return entries


def write_entry(client: "MlflowClient", model: str, change: Change) -> Entry:
    """Add an entry. Whether it counts is seen by reading the history again."""
    name, text = history_name(model), text_of_change(change)
    ensure_model(client, name, _DESCRIPTION.format(model=model))
    pieces = range(0, len(text), _PIECE)
    tags = {f"{_TEXT}.{number}": text[start : start + _PIECE] for number, start in enumerate(pieces)}
    tags[_DIGEST] = digest_of(text)
    description = f"{change.at} {change.command} by {change.who}: version {change.live} live. {change.because}"[:1000]
    made = patiently(lambda: client.create_model_version(name, _SOURCE, tags=tags, description=description))
    return Entry(int(made.version), text, tags[_DIGEST], done=False)


def mark_done(client: "MlflowClient", model: str, entry: Entry) -> None:
    """Note that the alias has followed an entry, and that the entry is to be remembered."""
    client.set_model_version_tag(history_name(model), str(entry.number), _DONE, "true")
    client.set_registered_model_tag(model, HEAD, entry.digest)


def mark_void(client: "MlflowClient", model: str, entry: Entry) -> None:
    """Note that an entry does not count, so that it never will, whatever becomes of the one that was first."""
    client.set_model_version_tag(history_name(model), str(entry.number), _VOID, "true")


def versions_of(client: "MlflowClient", name: str) -> "Iterator[ModelVersion]":
    """Every version of a registered model, page by page, the oldest first; none where there is no such model."""
    token = None
    while True:
        page = client.search_model_versions(
            f"name = '{name}'", max_results=1000, order_by=["version_number ASC"], page_token=token
        )
        yield from page
        token = page.token
        if not token:
            return


def ensure_model(client: "MlflowClient", name: str, description: str) -> None:
    """Make a registered model where there is none."""
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name, description=description)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def patiently(create: Callable[[], T]) -> T:
    """Create a version, again and again where others do so at the same time: MLflow itself gives up after three."""
    from mlflow.exceptions import MlflowException

    for _ in range(_TRIES):
        try:
            return create()
        except MlflowException as error:
            if "Giving up after" not in str(error):
                raise
            time.sleep(random.uniform(0.01, 0.1))
    return create()
