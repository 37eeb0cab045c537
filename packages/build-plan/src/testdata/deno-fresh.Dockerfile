FROM denoland/deno:2.9.6
WORKDIR /app
ENV DENO_DIR=/deno-dir \
    DENO_NO_UPDATE_CHECK=1 \
    DENO_SERVE_ADDRESS=tcp:0.0.0.0:8080 \
    PORT=8080
COPY deno.json deno.lock ./
RUN deno install --frozen
COPY . .
RUN deno task build
RUN deno cache --frozen main.ts
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
ENTRYPOINT []
CMD ["deno", "serve", "-A", "_fresh/server.js"]
