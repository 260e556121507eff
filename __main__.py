"""``python -m cadent`` is the command ``cadent``."""

import sys

if sys.version_info < (3, 10):
    sys.exit("cadent: the server needs Python 3.10 or newer; this is {}.{}. Only the finder runs on older ones.".format(*sys.version_info[:2]))

from cadent.service.cli import main

if __name__ == "__main__":
    sys.exit(main())
