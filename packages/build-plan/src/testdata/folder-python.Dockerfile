# Installed apart, so that a changed source line installs nothing anew.
FROM python:3.12-slim AS packages
WORKDIR /app
RUN python -m venv /opt/venv
ENV PATH="/opt/venv/bin:$PATH"
COPY services/api/requirements.txt ./
COPY services/api/requirements/web.txt ./requirements/
RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt

# What the build leaves beside the source.
FROM packages AS build
COPY services/api .
RUN make docs

# What runs. Proxy headers are believed, since nothing but the platform's edge reaches it.
FROM python:3.12-slim
WORKDIR /app
ENV PYTHONUNBUFFERED="1" \
    PORT="8080" \
    FORWARDED_ALLOW_IPS="*" \
    PATH="/opt/venv/bin:$PATH"
COPY --from=packages /opt/venv /opt/venv
COPY --from=build /app ./
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["gunicorn", "--worker-tmp-dir", "/dev/shm", "app:app"]
