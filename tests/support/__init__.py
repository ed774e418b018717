"""What several tests share: case tables, builders, fault injectors."""
