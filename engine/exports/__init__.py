"""Tables as text for files: Markdown, CSV, LaTeX. One file a format."""
