"""From the API's fine buckets to steps that a chart can show."""
