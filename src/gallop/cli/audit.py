"""`gallop audit`: needs no project, since it judges any model file."""

from pathlib import Path
from typing import Annotated

import typer

from gallop.cli import console


def audit(
    model: Annotated[Path, typer.Argument(help="A pickled classifier: scikit-learn, XGBoost, LightGBM.")],
    rows: Annotated[Path, typer.Option(help="CSV with a header and one encoded row a line, as the model takes them.")],
    labels: Annotated[Path, typer.Option(help="CSV with a header and one label (0 or 1) a line.")],
    min_auc: Annotated[float, typer.Option(help="The ROC AUC's interval must lie above this.")] = 0.5,
    max_log_loss: Annotated[float, typer.Option(help="The log-loss's interval must lie below this.")] = 0.6931,
    min_right: Annotated[float, typer.Option(help="The accuracy's interval must lie above this.")] = 0.5,
    max_p_value: Annotated[float, typer.Option(help="Chance that shuffled labels are ranked as well.")] = 0.01,
    threshold: Annotated[float, typer.Option(help="Smallest probability that counts as a yes.")] = 0.5,
    permutations: Annotated[int, typer.Option(help="Shufflings of the labels.")] = 2000,
    resamples: Annotated[int, typer.Option(help="Bootstrap resamples behind each interval.")] = 2000,
    confidence: Annotated[float, typer.Option(help="Coverage of the intervals.")] = 0.95,
    seed: Annotated[int, typer.Option(help="Seed of shuffling and resampling.")] = 42,
) -> None:
    """Judge a model file by rows with known outcomes: intervals, shuffled labels, thresholds. Prints Markdown."""
    from pydantic import ValidationError

    from gallop.artifacts.audit import AuditSettings, audit_file, markdown
    from gallop.artifacts.confined import described_confinement
    from gallop.artifacts.encoded_rows import read_labels, read_rows
    from gallop.errors import ContractError, SettingsError

    try:
        settings = AuditSettings(
            min_auc=min_auc,
            max_log_loss=max_log_loss,
            min_right=min_right,
            max_p_value=max_p_value,
            threshold=threshold,
            permutations=permutations,
            resamples=resamples,
            confidence=confidence,
            seed=seed,
        )
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        option = f"--{str(problem['loc'][0]).replace('_', '-')}"
        raise SettingsError(f"{option}: got {problem['input']!r}. {problem['msg']}") from None
    table = read_rows(rows)
    verdict, confinement = audit_file(model, table, read_labels(labels, len(table)), settings)
    console.say(markdown(verdict, str(model)))
    console.say(f"\n{described_confinement(confinement)}")
    if missed := [demand.name for demand in verdict.demands if not demand.met]:
        raise ContractError(f"{model}: fails the audit: {', '.join(missed)}")
