"""A file of tweets from upload to download: reading, scoring, writing."""
