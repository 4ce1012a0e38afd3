"""The routers and promises of the tests of kinds are used here too."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "kinds"))
