"""The leak guard: what looks as if it were known only after the outcome, with evidence."""
