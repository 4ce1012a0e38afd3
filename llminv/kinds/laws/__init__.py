"""What several kinds share, a question each: how a call went, what was said and served, what was due."""
