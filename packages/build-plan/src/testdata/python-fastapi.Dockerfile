# Installed apart, so that a changed source line installs nothing anew.
FROM python:3.13-slim AS packages
WORKDIR /app
RUN python -m venv /opt/venv
ENV PATH="/opt/venv/bin:$PATH"
COPY requirements.txt ./
RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt

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
CMD ["sh", "-c", "exec uvicorn app.main:app --host 0.0.0.0 --port $PORT"]
