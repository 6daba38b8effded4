"""What the law asks beside lists: rule packs with their citations, where a number may be, and when it may be called."""
