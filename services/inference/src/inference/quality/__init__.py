"""How good the answers were, by what people say of them and by what the model itself expects."""
