"""``python -m rustfits_cffi``: the command line."""

import sys

from rustfits_cffi.cli import main

sys.exit(main())
