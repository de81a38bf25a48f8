"""The schema of Dagger's API, read from the client library that is installed.

The library is generated from the real schema, and each of its methods still says all of it: the field is the first
argument of `_select`, its arguments are the `Arg(...)` calls, their types are the annotations. So the stand-in knows
every call that the installed version can make, and refuses every other one.
"""

import ast
import functools
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import graphql

SCALARS = {"str": "String", "int": "Int", "float": "Float", "bool": "Boolean", "Void": "String"}


@functools.cache
def schema() -> graphql.GraphQLSchema:
    """The schema of the installed version."""
    definitions = "\n".join(_Reader(_generated_classes()).definitions())
    return graphql.build_schema(definitions)


def _generated_classes() -> dict[str, ast.ClassDef]:
    package = importlib.util.find_spec("dagger")
    assert package is not None
    assert package.submodule_search_locations
    source = Path(package.submodule_search_locations[0], "client", "gen.py").read_text(encoding="utf-8")
    return {node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}


class _Reader:
    """Turns the classes of the client library into definitions of GraphQL's schema language."""

    def __init__(self, classes: dict[str, ast.ClassDef]) -> None:
        self.classes = classes
        self.kinds = {name: ast.unparse(node.bases[0]) if node.bases else "" for name, node in classes.items()}

    def definitions(self) -> Iterator[str]:
        for name, node in self.classes.items():
            match self.kinds[name]:
                case "Scalar":
                    yield f"scalar {name}"
                case "Enum":
                    targets = [t for n in node.body if isinstance(n, ast.Assign) for t in n.targets]
                    members = {t.id for t in targets if isinstance(t, ast.Name)}
                    yield f"enum {name} {{ {' '.join(sorted(members))} }}"
                case "Input":
                    given = [n for n in node.body if isinstance(n, ast.AnnAssign)]
                    fields = [f"{ast.unparse(n.target)}: {self.type(n.annotation, taken=True)}" for n in given]
                    yield f"input {name} {{ {' '.join(fields)} }}"
                case "Type" | "Root":
                    yield self._object(node)

    def _object(self, node: ast.ClassDef) -> str:
        root = self.kinds[node.name] == "Root"
        # The client of an interface is called `_NodeClient`; the interface itself is `Node`.
        interface = node.name.startswith("_")
        name = "Query" if root else node.name[1:].removesuffix("Client") if interface else node.name
        fields = {"id": "id: ID!"}
        if root:
            fields["node"] = "node(id: ID!): Node"
        for method in node.body:
            if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and (field := self._field(method, name)):
                fields.setdefault(field.split("(")[0].split(":")[0], field)
        keyword = "interface" if interface else "type"
        implements = "" if root or interface else " implements Node"
        return f"{keyword} {name}{implements} {{ {' '.join(fields.values())} }}"

    def _field(self, method: ast.FunctionDef | ast.AsyncFunctionDef, owner: str) -> str | None:
        calls = [n for n in ast.walk(method) if isinstance(n, ast.Call)]
        made = {n.func.attr: n for n in calls if isinstance(n.func, ast.Attribute)}
        if "execute_sync" in made:
            arguments = made["execute_sync"].args
            field, result = (ast.literal_eval(arguments[1]) if len(arguments) > 1 else "sync"), "ID!"
        elif "_select" in made and method.returns is not None:
            field, result = ast.literal_eval(made["_select"].args[0]), self.type(method.returns, owner)
        else:
            return None
        annotations = {a.arg: a.annotation for a in (*method.args.args, *method.args.kwonlyargs)}
        given = [n.args for n in calls if isinstance(n.func, ast.Name) and n.func.id == "Arg"]
        takes = []
        for name, value, *default in given:
            parameter = next(n.id for n in ast.walk(value) if isinstance(n, ast.Name) and n.id in annotations)
            kind = self.type(annotations[parameter], owner, taken=True)
            takes.append(f"{ast.literal_eval(name)}: {kind.removesuffix('!') if default else kind}")
        parameters = f"({', '.join(takes)})" if takes else ""
        return f"{field}{parameters}: {result}"

    def type(self, annotation: ast.expr | None, owner: str = "", *, taken: bool = False) -> str:
        """The GraphQL type of an annotation; objects that are taken as an argument are passed by their id."""
        match annotation:
            case ast.Constant(value=str(text)):
                return self.type(ast.parse(text, mode="eval").body, owner, taken=taken)
            case ast.BinOp(left=inner):  # X | None
                return self.type(inner, owner, taken=taken).removesuffix("!")
            case ast.Subscript(slice=inner):  # list[X]
                return f"[{self.type(inner, owner, taken=taken)}]!"
            case ast.Name(id=name):
                name = owner if name == "Self" else name
            case _:
                raise TypeError(f"an annotation of a form that the stand-in does not know: {annotation!r}")
        if name in SCALARS:
            return f"{SCALARS[name]}!"
        if taken and self.kinds.get(name) in {"Type", "Protocol"}:
            return "ID!"
        return f"{name}!"
