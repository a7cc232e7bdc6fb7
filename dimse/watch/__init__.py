"""What a server tells of itself while it runs: counts, and who hears what."""
