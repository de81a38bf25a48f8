"""The model that scores: numbers and tables alone, no library's estimator, and files without code.

`modelling` fits it; scoring needs nothing but this room. Columns of numbers (`columns`), classifiers whose log-odds
are a sum over them (`classifiers`), their weighted sum (`model`), its calibrator, and its files (`document`).
"""
