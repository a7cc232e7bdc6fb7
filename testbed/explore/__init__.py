"""Exploration: random sequences against a product, with Table 9-10 as the model of what may be seen."""
