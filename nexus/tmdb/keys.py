"""The operator's key, added below the client.

httpx logs the address of every request and its errors hold the request. Neither ever
sees the key when only the transport adds it.
"""

import re

import httpx

# A v4 read token is a JWT; everything else is sent as a v3 key.
_READ_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)


class KeyedTransport(httpx.BaseTransport):
    def __init__(self, inner: httpx.BaseTransport, *, key: str) -> None:
        is_token = _READ_TOKEN.fullmatch(key) is not None
        self._inner = inner
        self._headers = {"Authorization": f"Bearer {key}"} if is_token else {}
        self._params = {} if is_token else {"api_key": key}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        signed = httpx.Request(
            request.method,
            request.url.copy_merge_params(self._params),
            headers={**request.headers, **self._headers},
            stream=request.stream,
            extensions=request.extensions,
        )
        return self._inner.handle_request(signed)

    def close(self) -> None:
        self._inner.close()
