# Yarn itself, which the image does not bring.
FROM node:24-trixie-slim AS tools
RUN --mount=type=cache,target=/root/.npm npm install --global --force yarn@1.22.22

# Installed apart, so that a changed source line installs nothing anew.
FROM tools AS packages
WORKDIR /app
COPY package.json yarn.lock ./
RUN --mount=type=cache,target=/usr/local/share/.cache/yarn yarn install --frozen-lockfile --production=true

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
