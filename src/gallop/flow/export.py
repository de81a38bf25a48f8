"""The exported classifier, held to the project's contract."""

from pathlib import Path

from gallop.errors import SettingsError
from gallop.flow.project import Project


def validate_export(project: Project, model: Path, *, isolated: bool) -> str:
    """Hold an exported classifier to the project's contract; returns a sentence.

    Raises:
        SettingsError: there is no contract. ContractError, UnsafeModelError: the file does not meet it.
    """
    from gallop.artifacts import contract
    from gallop.artifacts.confined import described_confinement

    place = project.settings.export.contract
    if place is None:
        raise SettingsError("export.contract: params.yaml names no contract to hold the model to")
    agreed = contract.read_contract(project.paths.root / place)
    content = contract.read_model(model)
    confinement = contract.check_foreign(content, agreed, model)
    sentence = f"{model}: meets {place} ({len(agreed.expected)} rows, {len(agreed.columns)} columns)"
    if isolated:
        sentence += f"; also alone with {contract.check_isolated(content, project.paths.root / place, model)}"
    return f"{sentence}. {described_confinement(confinement)}"
