# What runs. Proxy headers are believed, since nothing but the platform's edge reaches it.
FROM python:3.13-slim
WORKDIR /app
ENV PYTHONUNBUFFERED="1" \
    PORT="8080" \
    FORWARDED_ALLOW_IPS="*"
COPY . .
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["python", "server.py"]
