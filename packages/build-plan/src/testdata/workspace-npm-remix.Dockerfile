# Tools that only the build needs stay in this stage.
FROM node:24-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY a/package.json a/
RUN --mount=type=cache,target=/root/.npm npm pkg delete scripts.prepare && npm ci
COPY . .
WORKDIR /app/a
RUN NX_DAEMON=false npx nx build
WORKDIR /app
RUN --mount=type=cache,target=/root/.npm npm pkg delete scripts.prepare && npm ci --omit=dev --workspace=a

# What runs.
FROM node:24-trixie-slim
WORKDIR /app/a
ENV NODE_ENV=production PORT=8080 PATH=/app/a/node_modules/.bin:/app/node_modules/.bin:$PATH
COPY --from=build /app /app
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["remix-serve", "build/server/index.js"]
