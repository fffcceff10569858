"""s2r: real-time MRI video of the vocal tract, generated from speech.

>>> import s2r
>>> model = s2r.load("results/model")
>>> model("speech.wav").save("tract.mp4")
"""

from pkgutil import resolve_name

__version__ = "0.1.0"

_PUBLIC = {
    "Model": "s2r.apps.python.model:Model",
    "UserError": "s2r.core.errors:UserError",
    "Video": "s2r.apps.python.video:Video",
    "load": "s2r.apps.python.model:load",
}
"""What `import s2r` offers, and where it is: imported when it is used, since PyTorch takes
seconds."""


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return resolve_name(_PUBLIC[name])


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
