"""The model of the federation: who gets what, where, and how far it has come. Pure."""
