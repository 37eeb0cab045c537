# Tools that only the build needs stay in this stage.
FROM node:24-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY apps/api/package.json apps/api/
COPY apps/web/package.json apps/web/
COPY packages/words/package.json packages/words/
RUN --mount=type=cache,target=/root/.npm npm ci
COPY . .
WORKDIR /app/apps/api
RUN npm run build
WORKDIR /app
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --workspace=apps/api

# What runs.
FROM node:24-trixie-slim
WORKDIR /app/apps/api
ENV NODE_ENV=production PORT=8080
COPY --from=build /app /app
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["node", "dist/main.js"]
