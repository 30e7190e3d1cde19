"""The exchange: pure, deterministic, integers only. Start with ``engine``."""
