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
COPY services/site/pyproject.toml services/site/
RUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen --no-dev --no-install-workspace --package site
COPY . .
RUN --mount=type=cache,target=/root/.cache/uv uv sync --locked --no-dev --no-editable --inexact --package site

# What the build leaves beside the source.
FROM packages AS build
COPY . .
WORKDIR /app/services/site
RUN SECRET_KEY=only-for-the-build python manage.py collectstatic --noinput

# What runs. Proxy headers are believed, since nothing but the platform's edge reaches it.
FROM python:3.13-slim
WORKDIR /app
ENV PYTHONUNBUFFERED="1" \
    PORT="8080" \
    FORWARDED_ALLOW_IPS="*" \
    PATH="/opt/venv/bin:$PATH"
COPY --from=packages /opt/venv /opt/venv
COPY --from=build /app/services/site ./
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["gunicorn", "--worker-tmp-dir", "/dev/shm", "web.wsgi:application"]
