"""Purchase logs, and what is estimated from them: purchase rates, drop-out, baskets."""
