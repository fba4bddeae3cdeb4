from typing import Any

class AnyCase:
    def __getattr__(self, name: str) -> Any: ...
