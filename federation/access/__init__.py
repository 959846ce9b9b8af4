"""The access model: schema, loader, selectors, resolver, guards, quotas."""
