"""The federation's ComponentResources; each makes only the decisions that the model left to it: "
"none."""
