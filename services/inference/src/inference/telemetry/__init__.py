"""Events and measurements to Application Insights, through OpenTelemetry or OpenCensus."""
