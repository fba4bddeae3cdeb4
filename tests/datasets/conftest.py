import importlib.util
from pathlib import Path

_spec = importlib.util.spec_from_file_location("datasets_server", Path(__file__).with_name("server.py"))
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
server = _module.server
