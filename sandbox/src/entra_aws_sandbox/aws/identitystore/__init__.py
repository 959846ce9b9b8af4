"""The identity store: people, groups and memberships, by the identitystore API and by SCIM."""
