"""What makes the files of a release; nothing of it runs with the program."""
