"""A static site of many results: an index of cases by products and versions, and a page for each result."""
