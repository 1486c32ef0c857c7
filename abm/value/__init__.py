"""What customers are worth and what analysts measure: pure functions of numbers and tables."""
