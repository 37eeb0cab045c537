# Installed apart, so that a changed source line installs nothing anew.
FROM node:24-trixie-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm pkg delete scripts.prepare && npm ci --omit=dev && mkdir -p node_modules

# What runs.
FROM node:24-trixie-slim
WORKDIR /app
ENV NODE_ENV=production PORT=8080
COPY --from=packages /app/node_modules ./node_modules
COPY . .
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["node", "server.js"]
