# pnpm itself, which the image does not bring.
FROM node:24-trixie-slim AS tools
RUN --mount=type=cache,target=/root/.npm npm install --global pnpm@10

# Tools that only the build needs stay in this stage.
FROM tools AS build
WORKDIR /app
COPY . ./
RUN --mount=type=cache,target=/root/.local/share/pnpm/store pnpm install --frozen-lockfile
RUN --mount=type=cache,target=/root/.local/share/pnpm/store CI=true npm_config_ignore_scripts=true pnpm_config_ignore_scripts=true pnpm prune --prod

# What runs.
FROM node:24-trixie-slim
WORKDIR /app
ENV NODE_ENV=production PORT=8080
COPY --from=build /app ./
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["node", "server.js"]
