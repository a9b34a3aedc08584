"""The analysts' page: Streamlit over the sentiment API, which it reaches over HTTP only."""
