"""Finding out what a product that listens accepts, and the declaration file that says it to later runs."""
