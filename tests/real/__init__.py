"""The gate on a real Asterisk 22: SIPp is the agent's phone and the carrier.  Nothing in here plays Asterisk."""
