"""``python -m bertcl_tui``: the command, where the console script is not on the path."""

import sys

from bertcl_tui.cli import main

if __name__ == "__main__":
    sys.exit(main())
