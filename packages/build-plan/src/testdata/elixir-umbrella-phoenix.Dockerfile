# Source and compilers stay in this stage.
FROM elixir:1.18-slim AS build
WORKDIR /src
ENV MIX_ENV=prod LANG=C.UTF-8
RUN apt-get update && apt-get install -y --no-install-recommends build-essential git && rm -rf /var/lib/apt/lists/*
RUN mix local.hex --force && mix local.rebar --force
COPY . .
RUN --mount=type=cache,target=/root/.cache mix deps.get --only prod
RUN mix deps.compile
COPY --from=node:24-trixie-slim /usr/local/bin/node /usr/local/bin/node
COPY --from=node:24-trixie-slim /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx
RUN (cd apps/shop_web/assets && npm ci) && (cd apps/shop_web && mix assets.deploy)
RUN mix release shop --path /release

# What runs. Of the same image, whose libraries the release was made with.
FROM elixir:1.18-slim
WORKDIR /app
ENV LANG=C.UTF-8 \
    PORT=8080 \
    RELEASE_DISTRIBUTION=none \
    RELEASE_TMP=/tmp \
    PHX_SERVER=true
COPY --from=build /release ./
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["bin/shop", "start"]
