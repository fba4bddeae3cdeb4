"""Makes what tests of models and callbacks share importable."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "models"))
