# What runs.
FROM node:24-trixie-slim
WORKDIR /app
ENV NODE_ENV=production PORT=8080
COPY . .
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["node", "server.mjs"]
