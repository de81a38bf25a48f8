"""A table in a real PostgreSQL server gives the project that the same table in a file gives."""

import psycopg
import pytest

from gallop.adapters.tables import postgres
from gallop.adapters.tables.polars import read_text
from gallop.errors import DataUnavailableError, SettingsError
from gallop.flow import init
from gallop.profiling.proposal import InitOptions
from tests.support.postgres import postgres as server
from tests.support.tables import csv_text, leads

QUOTE = '"'


@pytest.fixture(scope="module")
def database():
    """A server with the table `leads`, and a view of it in another schema."""
    with server() as url:
        header, *rows = leads(300)
        with psycopg.connect(url) as connection:
            columns = ", ".join(f'"{name.replace(QUOTE, QUOTE * 2)}" text' for name in header)
            connection.execute(f"CREATE TABLE leads ({columns})")
            with connection.cursor().copy("COPY leads FROM STDIN (FORMAT csv, HEADER)") as copy:
                copy.write(csv_text([header, *rows]))
            connection.execute('CREATE SCHEMA "odd schema"')
            connection.execute('CREATE VIEW "odd schema"."a view" AS SELECT * FROM leads')
            connection.execute(
                "CREATE TABLE typed AS SELECT n AS id, n % 3 = 0 AS bought, n / 7.0 AS spent, "
                "date '2024-01-01' + n AS since, now() AS at FROM generate_series(1, 90) AS n"
            )
        yield url


def test_a_table_gives_the_same_project_as_its_file(database, tmp_path):
    file = tmp_path / "leads.csv"
    file.write_text(csv_text(leads(300)), encoding="utf-8")
    asked = InitOptions("converted")

    with init.source(str(file)) as source:
        init.make(source, init.look(source, asked), tmp_path / "of_file")
    with init.source(f"{database}/leads") as source:
        init.make(source, init.look(source, asked), tmp_path / "of_table")

    files = {path.relative_to(tmp_path / "of_file") for path in (tmp_path / "of_file").rglob("*") if path.is_file()}
    same = {path for path in files if not {".git", "cache", "tmp", "data"} & {*path.parts}}
    for path in same - {init.Path("params.yaml")}:
        assert (tmp_path / "of_table" / path).read_bytes() == (tmp_path / "of_file" / path).read_bytes(), path
    ours, theirs = ((tmp_path / name / "params.yaml").read_text() for name in ("of_table", "of_file"))
    origin = [line for line in ours.splitlines() if line not in theirs.splitlines()]
    assert [line.strip().split(",")[0] for line in origin] == [f"# a copy of {database}/leads"]
    tables = [read_text(tmp_path / name / "data/raw/leads.csv") for name in ("of_file", "of_table")]
    assert tables[0].to_native().equals(tables[1].to_native())


def test_two_copies_of_an_unchanged_table_are_equal_byte_by_byte(database, tmp_path):
    for name in ("leads", "odd%20schema.a%20view"):
        table = postgres.parse_table_url(f"{database}/{name}")
        rows = [postgres.snapshot(table, tmp_path / file) for file in ("first.csv", "second.csv")]
        assert rows == [300, 300]
        assert (tmp_path / "first.csv").read_bytes() == (tmp_path / "second.csv").read_bytes()


def test_a_database_s_own_types_are_read_as_what_they_are(database):
    with init.source(f"{database}/typed") as source:
        columns = init.look(source, InitOptions("bought")).columns

    assert {name: column.role.value for name, column in columns.items()} == {
        "id": "id", "bought": "label", "spent": "number", "since": "date", "at": "ignore",
    }  # fmt: skip


@pytest.mark.parametrize("table", ["nowhere", "no_schema.leads"])
def test_a_table_that_is_not_there_is_refused_by_its_name(database, tmp_path, table):
    with pytest.raises(DataUnavailableError, match=table):
        postgres.snapshot(postgres.parse_table_url(f"{database}/{table}"), tmp_path / "leads.csv")
    assert not (tmp_path / "leads.csv").exists()


def test_a_server_that_is_not_there_is_refused(tmp_path):
    table = postgres.parse_table_url("postgresql://me:secret@127.0.0.1:9/shop/leads")
    with pytest.raises(DataUnavailableError, match=r"//127\.0\.0\.1:9/shop/leads") as refused:
        postgres.snapshot(table, tmp_path / "leads.csv")
    assert "secret" not in str(refused.value)


def test_a_password_is_shown_nowhere():
    table = postgres.parse_table_url("postgresql://me:secret@host:5433/shop/sales.leads?sslmode=require")
    assert str(table) == "postgresql://me@host:5433/shop/sales.leads"
    assert (table.schema, table.table) == ("sales", "leads")


@pytest.mark.parametrize("url", ["postgresql://host/shop", "postgresql://host", "mysql://host/shop/leads"])
def test_a_url_without_a_table_or_of_another_server_is_refused(url):
    with pytest.raises(SettingsError):
        postgres.parse_table_url(url)
