"""What to say when the packages of a live panel are not installed."""

from __future__ import annotations

from bft.errors import BftError

PACKAGES = ("cryptography", "langchain", "langchain_core", "langchain_openai", "openai", "starlette", "uvicorn")


class MissingExtraError(BftError):
    """Something was asked for that needs packages which are not installed."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} needs the extra 'langchain': pip install 'bft-lab[langchain]'")
