"""The Open Inference Protocol, version 2 (github.com/open-inference/open-inference-protocol), in JSON.

One input tensor per column: FP64 for numbers (any number type is taken), BOOL, and BYTES for texts, each with one value
per lead; `null` in `data` stands for: not known. The outputs are `probability`, `decision` and `band`.
"""

from collections.abc import Mapping
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gallop.schema import DISTRIBUTION, Role
from gallop.serving.live_model import ServedModel
from gallop.serving.problems import FieldProblem, RequestError, pointer
from gallop.serving.requests import LeadsAsked, json_body
from gallop.serving.score_routes import OF_ALL, OF_BODIES, PROBLEM, json_answer
from gallop.serving.service import Service

_OUTPUTS: Final = {"probability": "FP64", "decision": "BYTES", "band": "BYTES"}
_NUMBERS: Final = frozenset(
    {"FP64", "FP32", "FP16", "INT64", "INT32", "INT16", "INT8", "UINT64", "UINT32", "UINT16", "UINT8"}
)
_TYPES: Final = {Role.NUMBER: "FP64", Role.BOOLEAN: "BOOL"}
_INFER: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/InferAsked"}}},
    }
}
_OF_MODELS: Final = OF_ALL | {404: PROBLEM, 422: PROBLEM}
_OF_INFER: Final = OF_BODIES | {404: PROBLEM}


def inference_router(service: Service) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])

    def named(name: str, wanted: str | None = None) -> ServedModel:
        model = service.live.now
        if name != model.bundle.manifest.model or wanted not in {None, model.version}:
            known = f"{model.bundle.manifest.model}, version {model.version}"
            raise RequestError(HTTPStatus.NOT_FOUND, f"no such model; {known} is served")
        return model

    @routes.get("", responses=OF_ALL)
    async def server() -> Response:
        """The server's metadata."""
        return json_answer({"name": "gallop", "version": version(DISTRIBUTION), "extensions": []})

    @routes.get("/health/live", responses=OF_ALL)
    async def live() -> Response:
        """That the server runs."""
        return json_answer({"live": True})

    @routes.get("/health/ready", responses=OF_ALL)
    async def ready() -> Response:
        """That a model is loaded."""
        return json_answer({"ready": True})

    @routes.get("/models/{name}", responses=_OF_MODELS)
    async def metadata(name: str) -> Response:
        """The model's inputs and outputs."""
        return json_answer(_metadata(named(name)))

    @routes.get("/models/{name}/versions/{wanted}", responses=_OF_MODELS)
    async def version_metadata(name: str, wanted: str) -> Response:
        """The inputs and outputs of a version."""
        return json_answer(_metadata(named(name, wanted)))

    @routes.get("/models/{name}/ready", responses=_OF_MODELS)
    async def model_ready(name: str) -> Response:
        """That this model answers."""
        named(name)
        return json_answer({"name": name, "ready": True})

    @routes.get("/models/{name}/versions/{wanted}/ready", responses=_OF_MODELS)
    async def version_ready(name: str, wanted: str) -> Response:
        """That this version answers."""
        named(name, wanted)
        return json_answer({"name": name, "ready": True})

    @routes.post("/models/{name}/infer", responses=_OF_INFER, openapi_extra=_INFER)
    async def infer(request: Request, name: str) -> Response:
        """Score leads, one tensor a column."""
        return await _inferred(request, service, named(name))

    @routes.post("/models/{name}/versions/{wanted}/infer", responses=_OF_INFER, openapi_extra=_INFER)
    async def version_infer(request: Request, name: str, wanted: str) -> Response:
        """Score leads with a version, one tensor a column."""
        return await _inferred(request, service, named(name, wanted))

    return routes


def _metadata(model: ServedModel) -> dict[str, Any]:
    return {
        "name": model.bundle.manifest.model,
        "versions": [model.version],
        "platform": "gallop",
        "inputs": [_tensor(column, kind) for column, kind in _inputs(model).items()],
        "outputs": [_tensor(output, kind) for output, kind in _OUTPUTS.items()],
    }


async def _inferred(request: Request, service: Service, model: ServedModel) -> Response:
    # Triton's client sends JSON under no media type, or as bytes.
    content = await json_body(request, "", "application/octet-stream")
    if model.fields.made:
        raise RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, "the model takes events: ask /v1/score")
    if not isinstance(content.get("id", ""), str):
        raise _refused("`id` must be a text", "/id")
    asked = _read_tensors(content, model, service.limits.rows)
    outputs = _outputs_wanted(content)
    outcome = await service.score(model, asked)
    if outcome.rejected:
        problems = [
            FieldProblem(pointer("inputs", rule.column, index), f"accepted is {rule.accepts}", rule.name)
            for index, rule in outcome.rejected.items()
        ]
        raise RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, f"{len(problems)} leads cannot be scored", problems)
    scores = [score for _, score in sorted(outcome.scores.items())]
    identifier = {"id": content["id"]} if "id" in content else {}
    return json_answer(
        {
            "model_name": model.bundle.manifest.model,
            "model_version": model.version,
            **identifier,
            "outputs": [
                {
                    "name": name,
                    "datatype": _OUTPUTS[name],
                    "shape": [len(scores)],
                    "data": [score[name] for score in scores],
                }
                for name in outputs
            ],
        }
    )


def _inputs(model: ServedModel) -> dict[str, str]:
    return {name: _TYPES.get(model.fields.columns[name].role, "BYTES") for name in model.fields.required}


def _tensor(name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "datatype": kind, "shape": [-1]}


def _read_tensors(content: Mapping[str, Any], model: ServedModel, most: int) -> LeadsAsked:
    tensors = content.get("inputs")
    if not isinstance(tensors, list) or not tensors:
        raise _refused("`inputs` must be a list of tensors", "/inputs")
    columns: dict[str, list[Any]] = {}
    for index, tensor in enumerate(tensors):
        name, data = _read_tensor(tensor, pointer("inputs", index))
        columns[name] = data
    lengths = {len(data) for data in columns.values()}
    if len(lengths) != 1 or 0 in lengths:
        raise _refused("all tensors must have one value per lead", "/inputs")
    if (rows := lengths.pop()) > most:
        raise _refused(f"{rows:,} leads; at most {most:,} are accepted", "/inputs")
    leads = [{name: data[row] for name, data in columns.items()} for row in range(rows)]
    read = [model.fields.read(lead, "inputs", row) for row, lead in enumerate(leads)]
    if problems := [problem for _, problems in read for problem in problems]:
        detail = f"{len(problems)} values are missing, or not what their column accepts"
        raise RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, detail, problems)
    return LeadsAsked(
        [texts for texts, _ in read], [None] * rows, [model.fields.name_of(lead) for lead in leads], single=False
    )


def _read_tensor(tensor: object, where: str) -> tuple[str, list[Any]]:
    if not isinstance(tensor, dict) or not isinstance(tensor.get("name"), str):
        raise _refused("a tensor is an object with name, datatype, shape and data", where)
    kind, shape, data = tensor.get("datatype"), tensor.get("shape"), tensor.get("data")
    if not isinstance(kind, str) or kind not in {*_NUMBERS, "BOOL", "BYTES"}:
        raise _refused("the datatype must be FP64, BOOL, BYTES or another number type", f"{where}/datatype")
    if not isinstance(data, list):
        raise _refused("`data` must be a list; binary tensors are not taken", f"{where}/data")
    flat = [value[0] if isinstance(value, list) and len(value) == 1 else value for value in data]
    if shape not in ([len(flat)], [len(flat), 1]):
        raise _refused("the shape must be [leads] or [leads, 1]", f"{where}/shape")
    return tensor["name"], flat


def _outputs_wanted(content: Mapping[str, Any]) -> list[str]:
    wanted = content.get("outputs")
    if wanted is None or wanted == []:
        return [*_OUTPUTS]
    if not isinstance(wanted, list):
        raise _refused("`outputs` must be a list", "/outputs")
    names = [output.get("name") if isinstance(output, dict) else None for output in wanted]
    if not all(isinstance(name, str) and name in _OUTPUTS for name in names):
        raise _refused(f"known outputs are {', '.join(_OUTPUTS)}", "/outputs")
    return [str(name) for name in names]


def _refused(detail: str, where: str) -> RequestError:
    return RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, detail, [FieldProblem(where, detail)])


def infer_schema(model: ServedModel) -> dict[str, Any]:
    """The JSON schema of an inference request."""
    tensor = {
        "type": "object",
        "required": ["name", "datatype", "shape", "data"],
        "properties": {
            "name": {"enum": [*_inputs(model)]},
            "datatype": {"enum": [*sorted(_NUMBERS), "BOOL", "BYTES"]},
            "shape": {"type": "array", "items": {"type": "integer"}},
            "data": {"type": "array"},
        },
    }
    return {
        "type": "object",
        "required": ["inputs"],
        "properties": {"id": {"type": "string"}, "inputs": {"type": "array", "minItems": 1, "items": tensor}},
    }


def infer_example(model: ServedModel) -> dict[str, Any]:
    """An inference request that the rules accept."""
    lead = model.fields.example()
    return {
        "inputs": [
            {"name": name, "datatype": kind, "shape": [1], "data": [lead[name]]}
            for name, kind in _inputs(model).items()
        ]
    }
