"""Which permissions a stack really uses: stacks are played and every call is counted.

`python -m demo.privileges` writes docs/permissions.md from it.
"""
