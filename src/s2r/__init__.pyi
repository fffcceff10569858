"""The public names for type checkers; `__init__.py` imports them when they are used."""

from s2r.apps.python.model import Model as Model
from s2r.apps.python.model import load as load
from s2r.apps.python.video import Video as Video
from s2r.core.errors import UserError as UserError

__version__: str
