"""`gallop serve` and `gallop keys`: the service, and who may use it."""

from pathlib import Path
from typing import Annotated

import typer

from gallop.cli import console
from gallop.cli.project import open_project

KeysFile = Annotated[
    Path | None, typer.Option("--keys-file", help="Where the keys are kept.", show_default=".gallop/keys.json")
]

keys_app = typer.Typer(help="Add, list and revoke the keys of the service.", no_args_is_help=True)


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen at; keys are asked for unless it is loopback.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    keys: Annotated[
        bool | None,
        typer.Option("--keys/--no-keys", help="Ask for API keys.", show_default="unless loopback"),
    ] = None,
    keys_file: KeysFile = None,
    certificate: Annotated[Path | None, typer.Option(help="For TLS: the certificate and its chain, PEM.")] = None,
    key: Annotated[Path | None, typer.Option(help="For TLS: the certificate's private key, PEM.")] = None,
    record: Annotated[
        bool, typer.Option("--record/--no-record", help="Add scored leads to the log of scores, ids hashed.")
    ] = True,
    rate: Annotated[float, typer.Option(min=1, help="Requests a second that one caller may make.")] = 1000.0,
) -> None:
    """Serve the deployed model: a page for people at /, and an API; follows deployments and rollbacks."""
    from gallop.flow.serving import serve_project
    from gallop.serving.limits import ServiceLimits
    from gallop.serving.server import Address

    project = open_project(context)
    serve_project(
        project,
        Address(host, port, certificate, key),
        ServiceLimits(requests_per_s=rate),
        keys=keys_file,
        ask_for_keys=keys,
        record=record,
        tell=console.say,
    )


@keys_app.command("add")
def add_key(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Who uses it, such as crm; a name may have two, to change over.")],
    keys_file: KeysFile = None,
) -> None:
    """Make a key, and show it this once."""
    from gallop.flow.serving import keys_of

    secret = keys_of(open_project(context), keys_file).add(name)
    typer.echo(secret)
    typer.echo("Keep it: it is stored as a digest alone and cannot be shown again.", err=True)


@keys_app.command("list")
def list_keys(context: typer.Context, keys_file: KeysFile = None) -> None:
    """Show the name and id of every key."""
    from gallop.flow.serving import keys_of

    for name, identifier in keys_of(open_project(context), keys_file).listed():
        console.say(f"{identifier}  {name}")


@keys_app.command("revoke")
def revoke_key(
    context: typer.Context,
    identifier: Annotated[str, typer.Argument(metavar="ID", help="As `gallop keys list` shows it.")],
    keys_file: KeysFile = None,
) -> None:
    """Take a key away; a running service refuses it within two seconds."""
    from gallop.flow.serving import keys_of

    name = keys_of(open_project(context), keys_file).revoke(identifier)
    console.done("revoked", f"the key {identifier} of {name}")
