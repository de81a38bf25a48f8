"""gallop: from website behaviour to a ranked list of the leads most likely to convert."""

__version__ = "0.1.0"
