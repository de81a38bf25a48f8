"""Values that stages find out. No numpy here: a command that only shows them starts fast."""
