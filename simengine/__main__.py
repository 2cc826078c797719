"""``python -m simengine``."""

import sys

from simengine.cli.main import program

if __name__ == "__main__":
    sys.exit(program())
