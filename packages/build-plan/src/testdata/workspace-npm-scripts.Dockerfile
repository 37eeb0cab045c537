# Tools that only the build needs stay in this stage.
FROM node:24-trixie-slim AS build
WORKDIR /app
COPY . ./
RUN --mount=type=cache,target=/root/.npm npm ci
RUN --mount=type=cache,target=/root/.npm npm prune --omit=dev

# What runs.
FROM node:24-trixie-slim
WORKDIR /app/a
ENV NODE_ENV=production PORT=8080
COPY --from=build /app /app
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["node", "a.js"]
