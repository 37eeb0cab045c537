# Tools that only the build needs stay in this stage.
FROM node:22-trixie-slim AS build
WORKDIR /app
COPY . ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts
RUN npm run bundle
RUN --mount=type=cache,target=/root/.npm npm prune --omit=dev

# What runs.
FROM node:22-trixie-slim
WORKDIR /app
ENV NODE_ENV=production PORT=8080
COPY --from=build /app ./
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["sh", "-c", "exec node --enable-source-maps server.js --port $PORT"]
