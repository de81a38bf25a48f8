"""The stand-in is only worth something where it is as strict as what it stands for."""

import json
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable

import anyio
import dagger
import graphql
import pytest
from dagger import dag
from dagger.client import gen
from dagger.client.base import Type

from tests.pipeline.standin import api
from tests.pipeline.standin.calls import Call
from tests.pipeline.standin.session import Backend, Recorder, Session

FAILS = Recorder({("false",): (3, "said", "complained")})


def in_session(ask: Callable[[], Awaitable[object]]) -> object:
    """Ask something in a session of the client library."""

    async def asked() -> object:
        async with dagger.connection():
            return await ask()

    return anyio.run(asked)


def test_the_schema_is_valid_graphql() -> None:
    assert graphql.validate_schema(api.schema()) == []


def test_the_schema_has_every_type_of_the_installed_client_library() -> None:
    classes = [value for value in vars(gen).values() if isinstance(value, type) and issubclass(value, Type)]
    names = {value._graphql_name() for value in classes if value.__module__ == dagger.__name__}
    assert len(names) > 50
    assert names <= set(api.schema().type_map)


def test_the_schema_has_every_call_on_a_container() -> None:
    methods = [name for name in vars(dagger.Container) if not name.startswith("_") and name != "with_"]
    container = api.schema().type_map["Container"]
    assert isinstance(container, graphql.GraphQLObjectType)
    fields = {name.lower() for name in container.fields}
    assert [name for name in methods if name.rstrip("_").replace("_", "") not in fields] == []


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("{ container { withTypo { id } } }", "Cannot query field 'withTypo'"),
        ('{ container { from(image: "x") { id } } }', "Unknown argument 'image'"),
        ("{ container { withExec(args: 1) { id } } }", "String cannot represent a non string value"),
        ("{ container { from { id } } }", "of type 'String!' is required"),
    ],
)
def test_a_call_that_the_api_does_not_have_is_refused(query: str, problem: str, session: Session) -> None:
    errors = session.execute(query, None)["errors"]
    assert [error for error in errors if problem in error["message"]]
    assert session.queries == []


def test_who_does_not_know_the_token_is_refused(session: Session) -> None:
    with session.served() as port:
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}/query", json.dumps({"query": "{ version }"}).encode(), method="POST"
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked)
    assert refused.value.code == 401
    refused.value.close()
    assert session.queries == []


def test_the_same_calls_are_the_same_object() -> None:
    one, same, other = (Call("Container", "from", (("address", a),), Call("Container", "container")) for a in "aab")
    assert one.id == same.id
    assert one.id != other.id


def test_nothing_is_evaluated_until_somebody_asks(session_with: Callable[[Backend], Session]) -> None:
    session_with(FAILS)

    async def describe() -> str:
        return await dag.container().with_exec(["false"]).id()

    assert str(in_session(describe)).startswith("call:")


def test_a_failing_command_is_the_client_librarys_own_error(session_with: Callable[[Backend], Session]) -> None:
    session_with(FAILS)

    async def evaluate() -> dagger.Container:
        return await dag.container().with_exec(["true"]).with_exec(["false"]).with_exec(["true"]).sync()

    with pytest.raises(dagger.ExecError) as failed:
        in_session(evaluate)
    error = failed.value
    assert (error.command, error.exit_code, error.stdout, error.stderr) == (["false"], 3, "said", "complained")


def test_a_secret_in_plain_text_would_be_seen(session: Session) -> None:
    async def tell() -> str:
        return await dag.container().with_secret_variable("A", dag.set_secret("a", "hunter2-hunter2")).id()

    in_session(tell)
    assert [query for query in session.queries if "hunter2-hunter2" in query]
