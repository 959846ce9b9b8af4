"""One update, decided: settings, phases, plan, status."""
