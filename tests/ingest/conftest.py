import sys
from pathlib import Path

# Helpers of these tests alone; tests are no package, so they are found by folder.
sys.path.append(str(Path(__file__).parent))
