"""Entry of `python deploy/launcher`: puts the parent directory on the path and calls the package."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from launcher.cli import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
