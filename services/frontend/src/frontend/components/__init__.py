"""Parts of pages that more than one view may use."""
