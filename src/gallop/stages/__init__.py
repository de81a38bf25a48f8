"""One module per stage of the pipeline. A stage is pure, or has effects only through a port it is given."""
