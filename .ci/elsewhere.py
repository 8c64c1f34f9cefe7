"""In an environment of its own: is the installed package complete, and not the checkout?"""

import sys
from pathlib import Path

import vpog

repository = sys.argv[1]
assert repository not in str(Path(vpog.__file__)), f"imported from the checkout: {vpog.__file__}"
for name in vpog.__all__:
    getattr(vpog, name)
print("imported", vpog.__version__, "with", ", ".join(vpog.__all__))
print("comes with", vpog.Estimator.from_pretrained())
