"""Logs of what happens after deployment, as folders of Parquet."""
