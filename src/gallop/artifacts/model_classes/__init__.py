"""Every class that a model file may hold, exactly: the attributes of each, and the kinds of their values."""
