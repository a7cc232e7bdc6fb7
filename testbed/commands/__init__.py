"""The subcommands of dulspec that judge a product, and what they share; reports and the proxy have rooms of their own."""
