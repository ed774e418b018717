"""The decision log: its files, chains, seals, search."""
