# The tools stay here: only what they make goes on. Packages that were fetched before are kept beside the layers.
FROM maven:3-eclipse-temurin-8 AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,sharing=locked,target=/root/.m2 \
    mvn --batch-mode --no-transfer-progress -DskipTests package && \
    mkdir -p /out/lib && \
    cp $(find target -maxdepth 1 -name '*.jar' ! -name 'original-*' ! -name '*-sources.jar' ! -name '*-javadoc.jar' ! -name '*-tests.jar' ! -name '*-plain.jar' ! -name '*-dependencies.jar') /out/app.jar

# What runs. What changes seldom comes first, so that a changed source line sends little.
FROM eclipse-temurin:8-jre
WORKDIR /app
COPY --from=build /out/app.jar ./
ENV PORT=8080 SERVER_PORT=8080
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["java", "-XX:MaxRAMPercentage=75", "-XX:+ExitOnOutOfMemoryError", "-jar", "app.jar"]
