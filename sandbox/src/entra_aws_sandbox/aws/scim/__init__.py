"""The SCIM endpoint of Identity Center, with AWS's own limits, over the identity store."""
