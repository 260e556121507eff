"""``python -m cadent`` is the command ``cadent``."""

import sys

if sys.version_info < (3, 10):
    sys.exit(
        "cadent: the server needs Python 3.10 or newer; this is {}.{}. Only the finder runs on older ones.".format(
            *sys.version_info[:2]
        )
    )

try:
    from cadent.service.cli.main import main
except KeyboardInterrupt:
    sys.exit(130)
except ModuleNotFoundError as error:
    if not error.name or error.name.startswith("cadent"):
        raise
    # Without the extra [server] only the finder is installed.
    sys.exit(
        "cadent: the Python package {} is missing; install it with: pip install 'cadent-graphite[server]'".format(error.name)
    )

if __name__ == "__main__":
    sys.exit(main())
