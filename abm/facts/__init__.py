"""Facts: what is known of customers' behaviour, and whether a market shows it."""
