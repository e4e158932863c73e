"""Charts in one house style: plotext and Rich, no Textual.

Every chart takes a size in cells and a palette and returns a ``rich.text.Text`` of that size.
Import the chart you need from its own module: only curves and planes load plotext.
"""
