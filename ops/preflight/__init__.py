"""The checks of `python -m ops doctor`: tools of this machine, Entra, AWS."""
