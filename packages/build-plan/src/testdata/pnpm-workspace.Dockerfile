# pnpm itself, which the image does not bring.
FROM node:24-trixie-slim AS tools
RUN --mount=type=cache,target=/root/.npm npm install --global pnpm@10.11.0

# Tools that only the build needs stay in this stage.
FROM tools AS build
WORKDIR /app
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
COPY apps/api/package.json apps/api/
COPY apps/site/package.json apps/site/
COPY packages/words/package.json packages/words/
RUN --mount=type=cache,target=/root/.local/share/pnpm/store pnpm install --frozen-lockfile
COPY . .
WORKDIR /app/packages/words
RUN pnpm run build
WORKDIR /app/apps/api
RUN pnpm run build
WORKDIR /app
RUN --mount=type=cache,target=/root/.local/share/pnpm/store find . -name node_modules -prune -exec rm -rf {} + && pnpm install --frozen-lockfile --prod --filter "{apps/api}..."

# What runs.
FROM node:24-trixie-slim
WORKDIR /app/apps/api
ENV NODE_ENV=production PORT=8080
COPY --from=build /app /app
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["node", "dist/main.js"]
