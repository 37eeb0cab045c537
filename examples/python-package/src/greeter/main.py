import os

import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


def main() -> None:
    routes = [Route("/", lambda request: PlainTextResponse("hello from a package"))]
    uvicorn.run(Starlette(routes=routes), host="0.0.0.0", port=int(os.environ["PORT"]))
