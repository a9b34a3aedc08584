"""Alerts that live in the store: rules, evidence, one alert for all processes, its delivery."""
