"""The CrossGuard policy pack: rules for any stack between Entra ID and IAM Identity Center."""
