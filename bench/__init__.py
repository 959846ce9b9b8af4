"""How fast the program is, against its own bounds: `python -m bench resolve|preview|calls`."""
