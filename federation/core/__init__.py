"""What every other room uses: errors, domain types, YAML with positions, wording."""
