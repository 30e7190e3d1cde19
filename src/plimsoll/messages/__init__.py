"""The vocabulary: parameters, commands, events, reject codes and their codec. Append-only."""
