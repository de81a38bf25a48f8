"""params.yaml as frozen, typed values: a file a section."""
