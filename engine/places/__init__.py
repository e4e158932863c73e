"""Where files lie that several hosts share: in a folder, or wherever fsspec reaches by a URL."""

from engine.places.place import Place

__all__ = ["Place"]
