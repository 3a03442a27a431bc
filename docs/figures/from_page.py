"""Runs the Python blocks of a page in pages/images, so that the pictures on the page are those its code makes.

python docs/figures/from_page.py docs/pages/tutorial/first-network.md
"""

import os
import re
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

IMAGES = Path(__file__).parents[1] / "pages" / "images"


def main() -> None:
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    os.chdir(IMAGES)
    exec(compile("\n".join(blocks), sys.argv[1], "exec"), {"__name__": "__page__"})


if __name__ == "__main__":
    main()
