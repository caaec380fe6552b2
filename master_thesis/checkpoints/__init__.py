"""Networks from files and back."""
