"""Who people are: principals and their matching, the instance, SAML, provisioning."""
