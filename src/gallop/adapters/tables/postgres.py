"""Tables of a PostgreSQL database, copied into a CSV file that DVC can pin.

A model is trained on a file whose bytes are pinned, never on a table that changes under it; so the table is copied
once, by COPY, in one read-only transaction. The URL is `postgresql://user@host:port/database/table`, the table with its
schema where it is not on the search path: `…/database/schema.table`. The password comes from the URL, PGPASSWORD or
~/.pgpass, as always with libpq, and is never written anywhere.
"""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from gallop.errors import DataUnavailableError, EmptyTableError, SettingsError
from gallop.files import write_whole

_SCHEMES = {"postgresql", "postgres"}
_TIMEOUT_S = 10


@dataclass(frozen=True)
class DatabaseTable:
    """A table in a database."""

    url: str
    """Of the database."""
    schema: str | None
    table: str

    def __str__(self) -> str:
        """For people and files: without a password."""
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        user = parts.netloc.rpartition("@")[0].partition(":")[0]
        shown = urlunsplit((parts.scheme, f"{user}@{host}" if user else host, parts.path, "", ""))
        return f"{shown}/{f'{self.schema}.' if self.schema else ''}{self.table}"


def is_database(url: str) -> bool:
    """Whether a URL names a table of a database."""
    return url.partition("://")[0].lower() in _SCHEMES and "://" in url


def parse_table_url(url: str) -> DatabaseTable:
    """The table that a URL names. Raises `SettingsError`."""
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES:
        raise SettingsError(f"{parts.scheme}://…: only postgresql:// is known; for others, export the table as Parquet")
    database, _, table = parts.path.strip("/").rpartition("/")
    if not database or "/" in database or not table:
        raise SettingsError("the URL names no table; write postgresql://user@host:port/database/table")
    schema, _, name = unquote(table).rpartition(".")
    server = urlunsplit(("postgresql", parts.netloc, f"/{database}", parts.query, ""))
    return DatabaseTable(server, schema or None, name)


def snapshot(table: DatabaseTable, path: Path) -> int:
    """Copy a table into a CSV file, every value as text; returns the rows.

    Rows come in the order in which the table holds them (a view's, in the order of its values), so that copies of an
    unchanged table are equal byte by byte.

    Raises:
        DataUnavailableError: the server, the database or the table does not answer. EmptyTableError: it has no columns.
    """
    import psycopg
    from psycopg import sql

    rows = 0

    def copy(temporary: Path) -> None:
        nonlocal rows
        with (
            psycopg.connect(table.url, connect_timeout=_TIMEOUT_S, application_name="gallop") as connection,
            temporary.open("wb") as file,
        ):
            connection.read_only = True
            name = sql.Identifier(*([table.schema] if table.schema else []), table.table)
            described = connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(name)).description or []
            if not described:
                raise EmptyTableError(f"{table}: has no columns")
            columns = [sql.Identifier(column.name) for column in described]
            query = sql.SQL("COPY (SELECT {columns} FROM {table} AS t ORDER BY {order}) TO STDOUT (FORMAT csv, HEADER)")
            texts = sql.SQL(", ").join(sql.SQL("{0}::text AS {0}").format(column) for column in columns)
            order = sql.SQL("ctid") if _has_own_rows(connection, name) else sql.SQL(", ").join(_texts(columns))
            cursor = connection.cursor()
            with cursor.copy(query.format(columns=texts, table=name, order=order)) as copied:
                for block in copied:
                    file.write(block)
            rows = cursor.rowcount

    try:
        write_whole(path, copy)
    except psycopg.Error as error:
        raise DataUnavailableError(f"{table}: {' '.join(str(error).split())}") from None
    return rows


def _texts(names: list) -> list:
    from psycopg import sql

    return [sql.SQL("t.{}::text").format(name) for name in names]


def _has_own_rows(connection, table) -> bool:
    """True for a table that has rows of its own, which a view has not."""
    from psycopg import sql

    kind = connection.execute(
        sql.SQL("SELECT relkind FROM pg_class WHERE oid = {}::regclass").format(
            sql.Literal(table.as_string(connection))
        )
    ).fetchone()
    return bool(kind) and kind[0] in {"r", "m"}
