"""No exception is kept and raised again: each time its traceback would grow, and memory with it."""

import importlib
import pkgutil

import afterword


def test_no_module_keeps_an_exception() -> None:
    kept = []
    for info in pkgutil.walk_packages(afterword.__path__, "afterword."):
        if info.name.endswith("__main__") or ".migrations" in info.name:
            continue
        module = importlib.import_module(info.name)
        kept += [
            f"{info.name}.{name}" for name, value in vars(module).items() if isinstance(value, Exception)
        ]
    assert kept == []
