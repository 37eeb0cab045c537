# Yarn itself, which the image does not bring.
FROM node:24-trixie-slim AS tools
ENV YARN_NODE_LINKER=node-modules YARN_IGNORE_PATH=1 YARN_ENABLE_GLOBAL_CACHE=1 YARN_ENABLE_TELEMETRY=0
RUN --mount=type=cache,target=/root/.npm npm install --global --force @yarnpkg/cli-dist@4

# Tools that only the build needs stay in this stage.
FROM tools AS build
WORKDIR /app
COPY . ./
RUN --mount=type=cache,target=/root/.yarn/berry/cache yarn install --immutable
RUN --mount=type=cache,target=/root/.yarn/berry/cache cd a && yarn workspaces focus --production

# What runs.
FROM node:24-trixie-slim
WORKDIR /app/a
ENV NODE_ENV=production PORT=8080
COPY --from=build /app /app
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["node", "a.js"]
