"""What keepers look for. A role reads the mirror and says what it would send."""
