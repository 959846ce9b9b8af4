"""Doubles of the aws and azuread provider plugins, for machines that cannot fetch the real ones.

They make the same calls in the same order as the real plugins, against whatever the environment
points them at; they know nothing of the emulators. `plugins.py` says which plugins are used.

They fail as the real plugins do: a failed update leaves the planned values in the state, and
what a plugin sends only for a difference is then never sent again. Not as in the real plugins:
waits and retries are short and bounded (the constants of `azuread/graph.py` and `aws/client.py`).
"""

from __future__ import annotations

# What the pinned SDK packages ask the engine for (their pulumi-plugin.json).
VERSIONS = {"aws": "7.51.1", "azuread": "6.11.1"}
