# pnpm itself, which the image does not bring.
FROM node:24-trixie-slim AS tools
RUN --mount=type=cache,target=/root/.npm npm install --global pnpm@10

# Installed apart, so that a changed source line installs nothing anew.
FROM tools AS packages
WORKDIR /app
COPY package.json pnpm-lock.yaml ./
RUN --mount=type=cache,target=/root/.local/share/pnpm/store pnpm install --frozen-lockfile --prod

# What it is built with stays in this stage.
FROM tools AS all-packages
WORKDIR /app
COPY package.json pnpm-lock.yaml ./
RUN --mount=type=cache,target=/root/.local/share/pnpm/store pnpm install --frozen-lockfile

FROM tools AS build
WORKDIR /app
COPY . .
RUN --mount=type=bind,from=all-packages,source=/app/node_modules,target=/app/node_modules,rw \
    pnpm run build

# What runs.
FROM node:24-trixie-slim
WORKDIR /app
ENV NODE_ENV=production PORT=8080
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app ./
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["node", "dist/main.js"]
