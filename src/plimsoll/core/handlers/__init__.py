"""One function per command: checks in order of precedence, then effects."""
