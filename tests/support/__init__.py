"""What several tests share: case tables, builders, a peer that plays Asterisk."""
