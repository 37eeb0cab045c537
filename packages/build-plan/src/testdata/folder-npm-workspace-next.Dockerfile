# Tools that only the build needs stay in this stage.
FROM node:24-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY apps/web/package.json apps/web/
RUN --mount=type=cache,target=/root/.npm npm ci
COPY . .
WORKDIR /app/apps/web
RUN --mount=type=cache,id=-ours-web-next,sharing=locked,target=/app/apps/web/.next/cache \
    npx turbo run build
# Next.js writes there while it runs.
RUN chown -R 1000:1000 /app/apps/web/.next/standalone/apps/web/.next

# What runs.
FROM node:24-trixie-slim
WORKDIR /app/apps/web
ENV NODE_ENV=production PORT=8080 HOSTNAME=0.0.0.0
COPY --from=build /app/apps/web/.next/standalone /app/
COPY --from=build /app/apps/web/.next/static ./.next/static
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["node", "server.js"]
