"""Everything fitted: the steps of a model, the families, and the search among them."""

from gallop.openmp import provide

# Before any of these modules imports LightGBM.
provide()
