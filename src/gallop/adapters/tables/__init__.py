"""Tables outside: files and databases, read as text."""
