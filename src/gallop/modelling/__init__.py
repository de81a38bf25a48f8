"""Everything fitted: the steps of a model, the families, and the search among them."""
