"""The service's OpenAPI: what the routes say, and the schema and an example of the deployed model's own leads."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from gallop.schema import DISTRIBUTION
from gallop.serving.answers import ProblemAnswer
from gallop.serving.inference_protocol import infer_example, infer_schema
from gallop.serving.live_model import ServedModel

_REF = "#/components/schemas/{model}"


def describe(routes: Sequence[BaseRoute], model: ServedModel) -> dict[str, Any]:
    """The OpenAPI document, for the model that answers now."""
    document = get_openapi(
        title=f"gallop: {model.bundle.manifest.model}",
        version=version(DISTRIBUTION),
        summary=f"Scores leads with version {model.version}.",
        routes=routes,
    )
    problem = ProblemAnswer.model_json_schema(ref_template=_REF)
    components = document.setdefault("components", {})
    components["schemas"] = (
        components.get("schemas", {})
        | problem.pop("$defs")
        | {
            "ProblemAnswer": problem,
            "Lead": model.fields.json_schema(),
            "LeadAmongOthers": model.fields.json_schema(within=False),
            "LeadsAsked": _leads_asked(model),
            "InferAsked": infer_schema(model) | {"example": infer_example(model)},
        }
    )
    known = {"name": model.bundle.manifest.model, "wanted": model.version}
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = {"enum": [known[parameter["name"]]]}
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    document["security"] = [{"bearer": []}, {"header": []}, {}]
    return document


def _leads_asked(model: ServedModel) -> dict[str, Any]:
    lead = {"$ref": "#/components/schemas/Lead"}
    another = {"$ref": "#/components/schemas/LeadAmongOthers"}
    example = model.fields.example()
    if model.fields.made:
        return {
            "type": "object",
            "required": ["events", "at"],
            "properties": {
                "events": {"type": "array", "items": {"type": "object"}, "description": "Of one lead, in any order."},
                "at": {"type": "string", "description": "As of when.", "examples": ["2024-03-01T09:00:00+01:00"]},
                "lead": lead,
            },
        }
    return {
        "oneOf": [
            {"type": "object", "required": ["lead"], "properties": {"lead": lead, "leads": False}},
            {
                "type": "object",
                "required": ["leads"],
                "properties": {
                    "leads": {"type": "array", "minItems": 1, "maxItems": 10_000, "items": another},
                    "lead": False,
                },
            },
        ],
        "example": {"lead": example},
    }
