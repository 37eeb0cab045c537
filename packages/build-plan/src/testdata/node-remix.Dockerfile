# Installed apart, so that a changed source line installs nothing anew.
FROM node:24-trixie-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev && mkdir -p node_modules

# What it is built with stays in this stage.
FROM node:24-trixie-slim AS all-packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci

FROM node:24-trixie-slim AS build
WORKDIR /app
COPY . .
RUN --mount=type=bind,from=all-packages,source=/app/node_modules,target=/app/node_modules,rw \
    npm run build

# What runs.
FROM node:24-trixie-slim
WORKDIR /app
ENV NODE_ENV=production PORT=8080
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app ./
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["node_modules/.bin/remix-serve", "build/server/index.js"]
