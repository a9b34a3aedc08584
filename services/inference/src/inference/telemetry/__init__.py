"""Events to Application Insights, through OpenTelemetry or OpenCensus."""
