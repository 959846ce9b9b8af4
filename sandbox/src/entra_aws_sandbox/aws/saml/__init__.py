"""The SAML service provider of the access portal: metadata, requests, responses."""
