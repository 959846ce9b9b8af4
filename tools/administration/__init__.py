"""Data about IAM, taken from the libraries of the field at release time."""
