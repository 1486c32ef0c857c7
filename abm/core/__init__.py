"""What knows nothing about customers: refusals, parameters, citations, compiled loops and random numbers."""
