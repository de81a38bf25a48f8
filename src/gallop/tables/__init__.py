"""Raw text → leads → model inputs, one row at a time: one definition for training, batch scoring and service."""
