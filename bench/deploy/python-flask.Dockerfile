FROM python:3.13-slim AS build
RUN python -m venv /venv
COPY requirements.txt ./
COPY requirements ./requirements
RUN --mount=type=cache,target=/root/.cache/pip /venv/bin/pip install -r requirements.txt

FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1 PATH=/venv/bin:$PATH
COPY --from=build /venv /venv
WORKDIR /srv
COPY . .
USER nobody
CMD ["gunicorn", "--bind", "0.0.0.0:8080", "app:app"]
