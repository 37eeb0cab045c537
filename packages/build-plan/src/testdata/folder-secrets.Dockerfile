# Installed apart, so that a changed source line installs nothing anew.
FROM python:3.13-slim AS packages
WORKDIR /app
RUN --mount=type=secret,id=PIP_TOKEN,env=PIP_TOKEN \
    --mount=type=secret,id=TOP,env=TOP \
    python -m venv /opt/venv
ENV PATH="/opt/venv/bin:$PATH"
COPY services/api/requirements.txt ./
RUN --mount=type=secret,id=PIP_TOKEN,env=PIP_TOKEN \
    --mount=type=secret,id=TOP,env=TOP \
    --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt

# What runs. Proxy headers are believed, since nothing but the platform's edge reaches it.
FROM python:3.13-slim
WORKDIR /app
ENV PYTHONUNBUFFERED="1" \
    PORT="8080" \
    FORWARDED_ALLOW_IPS="*" \
    PATH="/opt/venv/bin:$PATH"
COPY --from=packages /opt/venv /opt/venv
COPY services/api .
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["gunicorn", "--worker-tmp-dir", "/dev/shm", "app:app"]
