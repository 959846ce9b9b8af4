"""The access diff for a terminal, for a comment (Markdown) and for machines (JSON)."""
