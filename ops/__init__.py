"""What an operator runs beside `pulumi`: `python -m ops COMMAND`."""

from typing import Final

# A shell's own exit code after Ctrl-C.
INTERRUPTED: Final = 130
