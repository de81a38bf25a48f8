"""One file per module: what it promises of values."""
