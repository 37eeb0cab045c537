# Tools that only the build needs stay in this stage.
FROM node:24-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=secret,id=API_KEY,env=API_KEY \
    --mount=type=secret,id=NPM_TOKEN,env=NPM_TOKEN \
    --mount=type=cache,target=/root/.npm npm ci
COPY . .
RUN --mount=type=secret,id=API_KEY,env=API_KEY \
    --mount=type=secret,id=NPM_TOKEN,env=NPM_TOKEN \
    npm run build
RUN --mount=type=secret,id=API_KEY,env=API_KEY \
    --mount=type=secret,id=NPM_TOKEN,env=NPM_TOKEN \
    --mount=type=cache,target=/root/.npm npm prune --omit=dev

# What runs.
FROM node:24-trixie-slim
WORKDIR /app
ENV NODE_ENV=production PORT=8080
COPY --from=build /app ./
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["node", "server.js"]
