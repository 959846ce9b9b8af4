"""Access files as people get them wrong, and what the program says to each."""
