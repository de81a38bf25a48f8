"""The model card, and metrics for a CI job's page."""
