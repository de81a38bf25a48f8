"""Results of the stages, as values. Without numpy: a command that only shows them starts fast."""
