"""Where a request's time goes: noted while it is answered, told as OpenTelemetry spans afterwards.

`record` is imported by what answers and knows nothing of OpenTelemetry; the rest is imported only
where spans go somewhere.
"""
