# The toolchain stays here: only the program goes on.
FROM rust:1-slim-trixie AS build
WORKDIR /src
COPY . .
# Dependencies that were compiled before are kept beside the layers. What is here counts as new, whatever its time says.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,id=web-target,sharing=locked,target=/src/target \
    find . -path ./target -prune -o -type f -exec touch {} + && \
    cargo build --release --locked --package web --bin web && \
    cp target/release/web /app

# The program, and the certificates it trusts.
FROM debian:trixie-slim
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /app /app
ENV PORT=8080
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["/app"]
