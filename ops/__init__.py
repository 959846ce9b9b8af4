"""What an operator runs beside `pulumi`: `python -m ops COMMAND`."""
