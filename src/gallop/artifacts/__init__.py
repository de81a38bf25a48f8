"""Files that hold a model: the bundle that scores, the exported classifier and its contract, and how both are read."""
