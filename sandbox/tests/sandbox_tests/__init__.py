"""The sandbox's own tests. They import the sandbox and nothing of what is tested with it."""
