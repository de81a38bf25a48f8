"""MLflow's own pages: the link of an experiment, and a server for them where the runs are in a database."""

import os
import socket
import sys
from pathlib import Path

from gallop.adapters.mlflow import address
from gallop.adapters.mlflow.client import connect, require, translated_errors
from gallop.errors import SettingsError

_HOST = "127.0.0.1"


def find_link(uri: str, experiment: str, port: int) -> str:
    """The page of an experiment: at the server that an address names, else at the one that `serve` starts.

    Raises:
        ServerUnreachableError, TrackingError.
    """
    require(uri, writing=False)
    own = address.dialect(uri) not in {"http", "https"}
    base = f"http://{_HOST}:{port}" if own else address.public(uri).rstrip("/")
    with translated_errors(uri):
        known = connect(uri).get_experiment_by_name(experiment)
    return f"{base}/#/experiments/{known.experiment_id}" if known else base


def serve(uri: str, root: Path, port: int) -> None:
    """Become the server of a database's pages, until Ctrl-C; where an address names a server, do nothing.

    Raises:
        SettingsError: the port is in use.
    """
    if address.dialect(uri) in {"http", "https"}:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            raise SettingsError(f"--port: {port}: {error.strerror}; choose another") from None
    # Not as an argument, which every user of the machine can read: it may hold a password.
    environment = {name: value for name, value in os.environ.items() if name != address.VARIABLE}
    environment |= {"MLFLOW_BACKEND_STORE_URI": uri, "MLFLOW_DISABLE_TELEMETRY": "true"}
    # Its job runners would start half a dozen processes more, for what these pages do not show.
    environment.setdefault("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
    command = [sys.executable, "-m", "mlflow", "ui", "--host", _HOST, "--port", str(port), "--workers", "1"]
    os.chdir(root)
    # In the place of this process, so that whoever ends it ends the server.
    os.execve(sys.executable, command, environment)
