"""What an address keeps secret is in no message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.errors import DataUnavailableError, GallopError, StageError
from gallop.redaction import without_secrets

SIGNS = st.text("abcXYZ012-._~!$%*+", min_size=6, max_size=12).map(lambda text: f"q7{text}q7")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://user:hush@host:5000/x", "http://host:5000/x"),
        ("http://user@host", "http://host"),
        ("http://user:pa/ss@host:5000", "http://host:5000"),
        ("https://host:5000/@me", "https://host:5000/@me"),
        ("postgresql+psycopg://u:p%40q@h/db?sslmode=require&password=hush", "postgresql+psycopg://h/db?sslmode=require&password=***"),
        ("https://h/x.csv?token=abc&page=1", "https://h/x.csv?token=***&page=1"),
        ("s3://h/x?X-Amz-Signature=abc&X-Amz-Credential=def", "s3://h/x?X-Amz-Signature=***&X-Amz-Credential=***"),
        ("mssql://h/d?odbc_connect=DRIVER%3Dx", "mssql://h/d?odbc_connect=***"),
        ("connection failed: host=x password=hush", "connection failed: host=x password=***"),
        ("sqlite:////home/a@b/mlflow.db", "sqlite:////home/a@b/mlflow.db"),
        ("column 'token' has 3 values, token=3", "column 'token' has 3 values, token=3"),
    ],
)  # fmt: skip
def test_an_address_is_shown_without_what_it_keeps_secret(text, shown):
    assert without_secrets(text) == shown
    assert without_secrets(f"two of them: {text} and {text}") == f"two of them: {shown} and {shown}"


@given(user=SIGNS, password=SIGNS, key=st.sampled_from(["password", "token", "access_key", "client_secret", "sig"]))
def test_no_password_gets_through(user, password, key):
    for text in (
        f"no answer at https://{user}:{password}@example.org/x",
        f"no answer at https://example.org/x?{key}={password}",
        f"no answer at https://example.org/x?a=b&{key}={password}: refused",
    ):
        assert password not in without_secrets(text)
        assert without_secrets(without_secrets(text)) == without_secrets(text)


@pytest.mark.parametrize("kind", [DataUnavailableError, GallopError, lambda text: StageError(text, 3)])
def test_every_error_for_a_person_goes_without_them(kind):
    assert str(kind("ftp://me:hush@host/leads.csv: gone")) == "ftp://host/leads.csv: gone"
