"""The search: every family's settings, each judged by cross-validation on training rows."""
