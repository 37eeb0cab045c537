# Installed apart, so that a changed source line installs nothing anew.
FROM python:3.13-slim AS packages
RUN --mount=type=cache,target=/root/.cache/pip pip install uv
WORKDIR /app
ENV UV_PROJECT_ENVIRONMENT="/opt/venv" \
    UV_LINK_MODE="copy" \
    UV_COMPILE_BYTECODE="1" \
    UV_PYTHON_DOWNLOADS="never" \
    PATH="/opt/venv/bin:$PATH"
COPY pyproject.toml ./
RUN --mount=type=cache,target=/root/.cache/uv uv sync --no-dev --no-install-project

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
CMD ["uvicorn", "--host", "0.0.0.0", "--port", "8080", "main:app"]
