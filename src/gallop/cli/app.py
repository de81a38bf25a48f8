"""One thin command per verb. Heavy imports wait until a command runs, so that `gallop --help` answers at once."""

import gc
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from gallop.cli import afterwards, audit, boundary, console, deliver, init, invocation, operate, pipeline, score, serve
from gallop.cli.project import open_project
from gallop.errors import GallopError

STAGE_PANEL, DATA_PANEL, MODEL_PANEL, PROJECT_PANEL = "Stages, in order", "Data", "Using the model", "Project"
LIVE_PANEL, AFTERWARDS_PANEL = "What is live", "Afterwards"


def _help_without_command(context: typer.Context) -> None:
    """A group alone is a question, not a mistake: its help, and exit code 0."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit


app = typer.Typer(
    cls=boundary.Commands,
    help="From website behaviour to a ranked list of the leads most likely to convert.\n\n"
    "Start with [bold]gallop run[/]: it gets the data, trains, selects and deploys a model, and shows where to look.",
    invoke_without_command=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
)
data_app = typer.Typer(
    help="Get the raw data, or a synthetic sample of it.",
    invoke_without_command=True,
    callback=_help_without_command,
)
app.add_typer(data_app, name="data", rich_help_panel=DATA_PANEL)
check_app = typer.Typer(
    help="Look for what would make a model look better than it is.",
    invoke_without_command=True,
    callback=_help_without_command,
)
app.add_typer(check_app, name="check", rich_help_panel=DATA_PANEL)

RequireData = Annotated[bool, typer.Option("--require-data", help="Fail where the raw data is not available.")]


def main() -> None:
    """Run the command line; a `GallopError` becomes one sentence and its exit code."""
    # Imports make a million objects that stay: looking at them again and again takes a quarter of the import time.
    gc.set_threshold(100_000, 50, 100)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it would look for them in every installed package
    try:
        with boundary.sentences():
            app()
    except GallopError as error:
        with suppress(OSError):  # a full disk, or nobody who reads: the exit code still says it
            console.fail(str(error))
        sys.exit(error.exit_code)
    finally:
        gc.freeze()  # objects need not be freed one by one when the process ends


@app.callback()
def _options(
    context: typer.Context,
    project: Annotated[Path, typer.Option(help="Folder with the project's params.yaml.", show_default="here")] = Path(),
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        from gallop import __version__

        typer.echo(f"gallop {__version__}")
        raise typer.Exit
    context.obj = project
    _help_without_command(context)


def _commands(context: typer.Context) -> tuple[str, str]:
    """What to type for `gallop` and for `make`, here."""
    return invocation.command(context.obj), invocation.make(context.obj)


@app.command(rich_help_panel=PROJECT_PANEL)
def run(context: typer.Context, require_data: RequireData = False) -> None:
    """Do everything: data, training, selection, deployment, report. Does again only what changed."""
    from gallop.flow.run import run_pipeline
    from gallop.flow.summary import run_summary
    from gallop.reporting.terminal.screen import Screen
    from gallop.reporting.terminal.summary import render_summary

    project = open_project(context)
    with console.progress() as progress:
        outcome = run_pipeline(project, progress, require_data=require_data)
    if not outcome.changed:
        console.say("Nothing changed since the last run; nothing was done. `gallop show` shows its results again.")
        return
    shown = run_summary(project, outcome.source, outcome.selected, *_commands(context))
    Screen().print(render_summary(shown))


@data_app.command("pull")
def data_pull(context: typer.Context) -> None:
    """Get the raw data from the DVC remotes, else from the upstream, and check it against its pin."""
    from gallop.flow.run import pull_data

    project = open_project(context)
    with console.progress() as progress:
        source = pull_data(project, progress)
    console.say(f"{project.settings.data.raw}: {source}; md5 as pinned")


@data_app.command("sample")
def data_sample(context: typer.Context) -> None:
    """Write a synthetic table of the same schema, with known conversion probabilities beside it."""
    from gallop.flow.run import write_sample

    project = open_project(context)
    write_sample(project)
    console.say(f"{project.paths.sample}: {project.settings.data.sample_rows:,} synthetic leads (data: sample)")


app.command("events", rich_help_panel=STAGE_PANEL)(pipeline.events)
for stage in pipeline.COMMANDS:
    app.command(stage.__name__.replace("_", "-"), rich_help_panel=STAGE_PANEL)(stage)


@app.command(rich_help_panel=MODEL_PANEL)
def validate(
    context: typer.Context,
    model: Annotated[Path, typer.Argument(help="The exported classifier.")] = Path("models/model.pkl"),
    isolated: Annotated[bool, typer.Option("--isolated", help="Judge it in a new environment without gallop.")] = False,
) -> None:
    """Hold an exported classifier to its contract."""
    from gallop.flow.export import validate_export

    with console.working("holding the classifier to its contract"):
        sentence = validate_export(open_project(context), model, isolated=isolated)
    console.say(sentence)


for command in (operate.status, operate.history, operate.rollback, operate.promote, operate.unpin):
    app.command(command.__name__, rich_help_panel=LIVE_PANEL)(command)
app.command("score", rich_help_panel=MODEL_PANEL)(score.score)
for command in (afterwards.outcomes, afterwards.monitor, afterwards.earned, afterwards.retrain):
    app.command(command.__name__, rich_help_panel=AFTERWARDS_PANEL)(command)
app.command("serve", rich_help_panel=MODEL_PANEL)(serve.serve)
app.add_typer(serve.keys_app, name="keys", rich_help_panel=MODEL_PANEL)
app.add_typer(deliver.deliver_app, name="deliver", rich_help_panel=MODEL_PANEL)
app.command("audit", rich_help_panel=MODEL_PANEL)(audit.audit)
app.command("init", rich_help_panel=PROJECT_PANEL)(init.init)
check_app.command("leaks")(init.check_leaks)


@app.command(rich_help_panel=PROJECT_PANEL)
def track(context: typer.Context) -> None:
    """Record the runs that wait in models/outbox in MLflow now; model-selection does so too."""
    from gallop.flow.tracking import track as record_outbox

    with console.working("recording runs in MLflow"):
        recorded = record_outbox(open_project(context))
    console.say(f"{recorded} runs recorded in MLflow" if recorded else "no run waits to be recorded")


@app.command(rich_help_panel=PROJECT_PANEL)
def ui(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the pages of a local database are served.")] = 5000,
) -> None:
    """Show MLflow's pages: prints the link of the project's experiment, and serves a local database until Ctrl-C."""
    from gallop.flow import tracking

    project = open_project(context)
    typer.echo(f"The runs of {project.settings.project.name}: {tracking.link_of_runs(project, port)}")
    sys.stdout.flush()
    tracking.serve_runs(project, port)


@app.command(rich_help_panel=PROJECT_PANEL)
def show(
    context: typer.Context,
    markdown: Annotated[bool, typer.Option("--markdown", help="As Markdown, for a CI job's page.")] = False,
    against: Annotated[Path | None, typer.Option(help="Another metrics.json to show the change against.")] = None,
) -> None:
    """Show the results of the last run again, and where the whole report lies."""
    from gallop.flow import selection, summary

    project = open_project(context)
    if markdown:
        from gallop.reporting.markdown.metrics import render_metrics

        console.say(render_metrics(summary.metrics_of(project), summary.read_metrics(against) if against else None))
        return
    from gallop.reporting.terminal import summary as screen
    from gallop.reporting.terminal.screen import Screen

    selected = selection.last_selection(project)
    shown = summary.run_summary(project, "already here", selected, *_commands(context))
    Screen().print(screen.render_summary(shown))


@app.command(rich_help_panel=PROJECT_PANEL)
def settings(
    context: typer.Context,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of params.yaml instead.")] = False,
) -> None:
    """Check params.yaml and print the settings in force."""
    import json

    if schema:
        from gallop.settings.params import Settings

        console.say(json.dumps(Settings.model_json_schema(), indent=2))
    else:
        console.say(open_project(context).settings.model_dump_json(indent=2))
