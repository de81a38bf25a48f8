"""What is this table? Columns, their roles, the label, and the project that `gallop init` proposes."""
