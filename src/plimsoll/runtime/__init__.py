"""The node: sequencer, journal, core and publisher, with snapshots, replay, fork and audit."""
