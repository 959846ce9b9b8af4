"""Entra's provisioning service: jobs, their cycles, and the SCIM client they push with."""
