"""`dulspec proxy` and `dulspec replay`: between two products, and one of them played again."""
