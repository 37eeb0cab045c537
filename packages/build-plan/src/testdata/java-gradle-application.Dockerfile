# The tools stay here: only what they make goes on. Packages that were fetched before are kept beside the layers.
FROM gradle:8.14.3-jdk21 AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,sharing=locked,target=/home/gradle/.gradle \
    gradle --no-daemon --console=plain installDist && \
    mkdir -p /out && \
    cp -r build/install/*/lib /out/lib

# What runs. What changes seldom comes first, so that a changed source line sends little.
FROM eclipse-temurin:21-jre
WORKDIR /app
COPY --from=build /out/lib/ ./lib/
ENV PORT=8080
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["java", "-XX:MaxRAMPercentage=75", "-XX:+ExitOnOutOfMemoryError", "-cp", "lib/*", "shop.Main"]
