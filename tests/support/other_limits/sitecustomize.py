"""
What if a limit were another? Put this folder on a server's import path to find out.

Python imports ``sitecustomize`` at its start. It sets the constants that TESTS_LIMITS names, a JSON object:
``{"afterword.web.storms:REFUSALS_S_MAX": 20}``.
"""

import importlib
import json
import os

for _name, _limit in json.loads(os.environ["TESTS_LIMITS"]).items():
    _module, _, _constant = _name.partition(":")
    _place = importlib.import_module(_module)
    assert isinstance(getattr(_place, _constant), int), f"{_name} is no limit"
    setattr(_place, _constant, _limit)
