"""AWS Organizations: moto's backend, corrected, behind the model-checked JSON service."""
