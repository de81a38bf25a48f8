"""A Dagger session as the client library sees it: GraphQL over HTTP on this machine, behind a token."""

import base64
import contextlib
import functools
import hmac
import json
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

import graphql

from tests.pipeline.standin.api import schema
from tests.pipeline.standin.calls import Call, ExecError, Leaf

# The engine accepts an interface inside an interface; the rule of graphql-core refuses it, as the library notes too.
RULES = [rule for rule in graphql.specified_rules if rule is not graphql.PossibleFragmentSpreadsRule]


class Backend(Protocol):
    """Gives the answer to a leaf."""

    def answer(self, leaf: Leaf, type_: str) -> Any: ...


@dataclass
class Recorder:
    """Evaluates nothing, answers a placeholder of the right type; commands may be planted to fail."""

    failing: dict[tuple[str, ...], tuple[int, str, str]] = field(default_factory=dict)

    def answer(self, leaf: Leaf, type_: str) -> Any:
        for call in leaf.on.everything():
            if call.field == "withExec" and (planted := self.failing.get(tuple(call["args"]))):
                raise ExecError(list(call["args"]), *planted)
        if leaf.field == "export" and leaf.on.type == "Directory":
            Path(leaf["path"]).mkdir(parents=True, exist_ok=True)
            Path(leaf["path"], "exported").write_text(leaf.on.id, encoding="utf-8")
        elif leaf.field == "export":
            Path(leaf["path"]).write_text(leaf.on.id, encoding="utf-8")
        return {"String": f"<{leaf.field}>", "Int": 0, "Float": 0.0, "Boolean": False}.get(type_)


@dataclass
class Session:
    """One session: what was asked, and what it means."""

    backend: Backend
    token: str = "a-token-of-the-stand-in"
    queries: list[str] = field(default_factory=list)
    leaves: list[Leaf] = field(default_factory=list)
    known: dict[str, Call] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def execute(self, query: str, variables: dict[str, Any] | None) -> dict[str, Any]:
        """Answer one request; a call that the installed client library does not have is an error."""
        if "__schema" in query:
            return _introspected(query)
        document = graphql.parse(query)
        if errors := graphql.validate(schema(), document, RULES):
            return {"errors": [error.formatted for error in errors]}
        self.queries.append(f"{query}\n{json.dumps(variables)}")
        with self._turn:
            result = graphql.execute_sync(
                schema(),
                document,
                variable_values=variables,
                field_resolver=self._resolve,
                type_resolver=lambda call, *_: call.type,
            )
        return dict(result.formatted)

    def _resolve(self, parent: object, info: graphql.GraphQLResolveInfo, **args: Any) -> Any:
        call = parent if isinstance(parent, Call) else None
        given = tuple(sorted((name, self._look_up(value)) for name, value in args.items()))
        kind = graphql.get_named_type(info.return_type)
        if info.field_name == "node":
            return self.known[args["id"]]
        if isinstance(kind, graphql.GraphQLObjectType):
            return Call(kind.name, info.field_name, given, call)
        if call is None:
            return "v0.0.0-stand-in" if info.field_name == "version" else None
        self.known[call.id] = call
        if info.field_name == "id":
            return call.id
        leaf = Leaf(call, info.field_name, given)
        self.leaves.append(leaf)
        answer = self.backend.answer(leaf, kind.name)
        return call.id if leaf.field == "sync" else answer

    def _look_up(self, value: Any) -> Any:
        if isinstance(value, list):
            return tuple(self._look_up(part) for part in value)
        return self.known[value] if isinstance(value, str) and value.startswith("call:") else value

    @contextlib.contextmanager
    def served(self) -> Generator[int]:
        """Serve the session; gives the port."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@functools.cache
def _introspected(query: str) -> dict[str, Any]:
    """The schema in the client's own words; every session begins by asking for it."""
    return dict(graphql.graphql_sync(schema(), query).formatted)


def _handler(session: Session) -> type[BaseHTTPRequestHandler]:
    expected = "Basic " + base64.b64encode(f"{session.token}:".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            allowed = hmac.compare_digest(self.headers.get("authorization", ""), expected)
            if self.path == "/query" and allowed:
                status, answer = 200, session.execute(body["query"], body.get("variables"))
            else:
                status, answer = 401, {"errors": [{"message": "not this session"}]}
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 named so by the base class
            """Say nothing: the tests read what was recorded."""

    return Handler
