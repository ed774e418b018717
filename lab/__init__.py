"""What stands around the gate in tests and in the demo: a real store, a real Asterisk, telephones.  Never part of the product."""
