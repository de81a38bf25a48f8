"""Figures, with intervals, from labels and probabilities. Pure."""
