"""How the Pulumi engine writes things down: checkpoint, preview, what an update repairs."""
