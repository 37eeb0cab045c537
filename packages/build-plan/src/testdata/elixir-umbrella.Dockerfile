# Source and compilers stay in this stage.
FROM elixir:1.18-slim AS build
WORKDIR /src
ENV MIX_ENV=prod LANG=C.UTF-8
RUN apt-get update && apt-get install -y --no-install-recommends build-essential git && rm -rf /var/lib/apt/lists/*
RUN mix local.hex --force && mix local.rebar --force
COPY . .
RUN --mount=type=cache,target=/root/.cache mix deps.get --only prod
RUN mix deps.compile
RUN mix release web --path /release

# What runs. Of the same image, whose libraries the release was made with.
FROM elixir:1.18-slim
WORKDIR /app
ENV LANG=C.UTF-8 \
    PORT=8080 \
    RELEASE_DISTRIBUTION=none \
    RELEASE_TMP=/tmp
COPY --from=build /release ./
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["bin/web", "start"]
