"""MLflow: runs, versions, and the address of the server."""
