# Bun itself, which the image does not bring.
FROM node:24-trixie-slim AS tools
RUN --mount=type=cache,target=/root/.npm npm install --global bun@1.2.15

# Tools that only the build needs stay in this stage.
FROM tools AS build
WORKDIR /app
COPY package.json bun.lock ./
RUN --mount=type=cache,target=/root/.bun/install/cache bun install --frozen-lockfile
COPY . .
RUN bun run build
RUN --mount=type=cache,target=/root/.bun/install/cache rm -rf node_modules && bun install --frozen-lockfile --production

# What runs.
FROM tools
WORKDIR /app
ENV NODE_ENV=production PORT=8080
COPY --from=build /app ./
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["bun", "run", "src/main.ts"]
