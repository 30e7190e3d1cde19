"""Keepers: paid, optional and untrusted helpers that send what is due on the exchange.

They reach it as clients do. ``feed`` keeps a ``mirror`` of the exchange (snapshot, then records),
``roles`` look for work in it, ``runner`` sends what they find and counts what came of it.
"""
