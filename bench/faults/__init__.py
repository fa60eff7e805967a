"""The fault rig: does anything get lost, doubled or stuck when the product's parts die? See README.md."""

import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(CHECKOUT / "deploy"))  # the launcher starts PostgreSQL and Valkey here, too
