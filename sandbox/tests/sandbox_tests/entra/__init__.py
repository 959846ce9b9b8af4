"""Tests of the emulated Entra ID, over HTTP."""
