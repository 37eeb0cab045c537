# Installed apart, so that a changed source line installs nothing anew.
FROM python:3.11-slim AS packages
RUN --mount=type=cache,target=/root/.cache/pip pip install pipenv
WORKDIR /app
RUN python -m venv /opt/venv
ENV VIRTUAL_ENV="/opt/venv" \
    PATH="/opt/venv/bin:$PATH"
COPY Pipfile Pipfile.lock ./
RUN --mount=type=cache,target=/root/.cache/pipenv pipenv sync
RUN --mount=type=cache,target=/root/.cache/pipenv /opt/venv/bin/pip install gunicorn

# What runs. Proxy headers are believed, since nothing but the platform's edge reaches it.
FROM python:3.11-slim
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
CMD ["gunicorn", "--worker-tmp-dir", "/dev/shm", "wsgi:create_app()"]
