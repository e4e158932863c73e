"""Which rows belong to which part of a task. No torch: rows come as lengths or embeddings."""
