"""A Label Studio server through its own SDK: projects and tasks, and words for what goes wrong.

The SDK repeats a failed POST by itself, so what timed out but arrived would arrive twice. Here nothing that creates is
repeated: whoever creates looks afterwards what is there. The token is sent to the server and shown nowhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from curation.stage import StageError, UsageError

TOKEN, URL = "LABEL_STUDIO_API_KEY", "LABEL_STUDIO_URL"
_TIMEOUT = 120.0  # seconds for one request, platform default: a slow server imports twenty images in less
_PAGE = 100  # tasks in one answer of the server, 10 MB or so


class ServerError(StageError):
    """A server that can't be reached or that refuses. `passing`: the same may work in a moment."""

    def __init__(self, message: str, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


class Gone(ServerError):
    """Something that is not on the server."""


class Server:
    """A connection to a Label Studio server as the user to whom the token belongs; a context that closes it."""

    def __init__(self, url: str, token: str) -> None:
        import httpx
        from label_studio_sdk.client import LabelStudio

        self.url = url
        self._token = token
        self._http = httpx.Client(timeout=_TIMEOUT, follow_redirects=False)  # the token goes nowhere else
        with self._told():
            self._client: Any = LabelStudio(base_url=url, api_key=token, httpx_client=self._http)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def create_project(self, title: str, config: str) -> int:
        with self._told():
            made = self._client.projects.create(title=title, label_config=config, request_options={"max_retries": 0})
        return int(made.id)

    def title_of(self, project: int) -> str:
        """The title of a project; "" where there is none."""
        try:
            with self._told():
                return str(self._client.projects.get(project).title)
        except Gone:
            return ""

    def find_project(self, title: str) -> int | None:
        """The project of that title; the oldest of several. The server's own filter takes parts of titles too."""
        with self._told():
            found = [project.id for project in self._client.projects.list(title=title) if project.title == title]
        return min(found, default=None)

    def tasks(self, project: int) -> Iterator[dict[str, Any]]:
        """Every task of a project: {id, data, annotations}. None where there is no such project."""
        with self._told():
            for task in self._client.tasks.list(project=project, page_size=_PAGE, resolve_uri=False):
                yield {"id": task.id, "data": task.data, "annotations": task.annotations}

    def add_tasks(self, project: int, tasks: list[dict[str, Any]]) -> None:
        with self._told():
            self._client.projects.import_tasks(project, request=tasks, request_options={"max_retries": 0})

    def delete_project(self, project: int) -> None:
        with suppress(Gone), self._told():
            self._client.projects.delete(project)

    def delete_task(self, task: int) -> None:
        with suppress(Gone), self._told():
            self._client.tasks.delete(str(task))

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of the SDK and of the network as our own, without their texts: a header may stand in them."""
        import httpx
        from label_studio_sdk.core.api_error import ApiError

        try:
            yield
        except ApiError as error:
            raise self._refusal(error.status_code, error.body) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ServerError(
                f"{self.url} does not answer ({type(error).__name__}); is Label Studio up?", True
            ) from None
        except ValueError:  # JSON was expected
            raise ServerError(f"{self.url} answers, but not as Label Studio does") from None

    def _refusal(self, status: int | None, body: Any) -> ServerError:
        if status in (401, 403):
            return ServerError(f"{self.url} does not accept the token in {TOKEN}, or not for this ({status})")
        detail = body.get("detail", "") if isinstance(body, dict) else ""
        said = " ".join(str(detail).replace(self._token, "***").split())[:300]
        told = f"{self.url} answers {status}: {said}" if said else f"{self.url} answers {status}"
        passing = status is not None and (status >= 500 or status in (408, 409, 429))
        return Gone(told) if status == 404 else ServerError(told, passing)


def connect(url: str) -> Server:
    """The server at `url`, else at LABEL_STUDIO_URL, with the token in LABEL_STUDIO_API_KEY.

    Raises:
        UsageError: no URL, no token, or a URL with a password in it.
        StageError: the SDK is not installed.
    """
    url = server_url(url)
    token = os.environ.get(TOKEN, "").strip()
    if not token or not token.isascii() or not token.isprintable():
        raise UsageError(
            f"put an access token into the environment variable {TOKEN}; Label Studio shows yours under "
            "Account & Settings > Personal Access Token"
        )
    try:
        return Server(url, token)
    except ImportError:
        raise StageError("review needs the `review` extra: pip install -c constraints.txt -e '.[review]'") from None


def server_url(url: str) -> str:
    """The URL of the server, checked; it is kept in the store, so it must hold no secret."""
    url = (url or os.environ.get(URL, "")).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"name the Label Studio server with --url or {URL}, such as http://127.0.0.1:8080")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError(f"the server's URL may hold no name, password or query; the token belongs into {TOKEN}")
    return url
