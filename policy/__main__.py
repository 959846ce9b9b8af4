"""What the engine runs; everything else can be imported without starting a server."""

import sys
from pathlib import Path

from pulumi_policy import PolicyPack

# The engine runs this file in its own folder; `federation` is beside it.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from policy.pack import NAME, POLICIES

PolicyPack(NAME, POLICIES)
