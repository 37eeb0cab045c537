# Installed apart, so that a changed source line installs nothing anew.
FROM python:3.13-slim AS packages
RUN --mount=type=cache,target=/root/.cache/pip pip install poetry
WORKDIR /app
RUN python -m venv /opt/venv
ENV VIRTUAL_ENV="/opt/venv" \
    POETRY_NO_INTERACTION="1" \
    PATH="/opt/venv/bin:$PATH"
COPY pyproject.toml ./
RUN --mount=type=cache,target=/root/.cache/pypoetry poetry install --only main --no-root
RUN --mount=type=cache,target=/root/.cache/pypoetry /opt/venv/bin/pip install gunicorn

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
CMD ["gunicorn", "--worker-tmp-dir", "/dev/shm", "app:app"]
