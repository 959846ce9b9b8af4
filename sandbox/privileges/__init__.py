"""Which permissions a stack really uses: two stacks are played and every call is counted.

`python -m sandbox.privileges` writes docs/permissions.md from it.
"""
