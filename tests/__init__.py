"""Tests. Each name is a sentence about gallop; `unit` is about values, `model` about what was fitted."""
