"""Purchase logs in and out: a market fitted to a log and checked against it, and logs written of stored runs."""
