"""Simulated traders, and the exchange driven by them over real or synthetic prices."""
