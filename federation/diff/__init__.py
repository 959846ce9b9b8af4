"""The access diff: what an update changes, as typed records."""
