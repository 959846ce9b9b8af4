"""IAM Identity Center's administration (sso-admin): permission sets, assignments, provisioning."""
