"""Classification as text-embeddings-inference serves it, and Hugging Face's clients ask for it."""
