"""Entra as SAML 2.0 identity provider: metadata, requests, assertions, sign-in pages."""
