# Installed apart, so that a changed source line installs nothing anew.
FROM python:3.13-slim AS packages
RUN --mount=type=cache,target=/root/.cache/pip pip install uv
WORKDIR /app
ENV UV_PROJECT_ENVIRONMENT="/opt/venv" \
    UV_LINK_MODE="copy" \
    UV_COMPILE_BYTECODE="1" \
    UV_PYTHON_DOWNLOADS="never" \
    PATH="/opt/venv/bin:$PATH"
COPY pyproject.toml uv.lock ./
COPY libs/words/pyproject.toml libs/words/
COPY services/api/pyproject.toml services/api/
RUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen --no-dev --no-install-workspace --package top
COPY . .
RUN --mount=type=cache,target=/root/.cache/uv uv sync --locked --no-dev --no-editable --inexact --package top

# What runs. Proxy headers are believed, since nothing but the platform's edge reaches it.
FROM python:3.13-slim
WORKDIR /app
ENV PYTHONUNBUFFERED="1" \
    PORT="8080" \
    FORWARDED_ALLOW_IPS="*" \
    PATH="/opt/venv/bin:$PATH"
COPY --from=packages /opt/venv /opt/venv
COPY . .
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["python", "main.py"]
