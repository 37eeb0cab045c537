# The tools stay here: only what they make goes on. Packages that were fetched before are kept beside the layers.
FROM maven:3-eclipse-temurin-21 AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,sharing=locked,target=/root/.m2 \
    mvn --batch-mode --no-transfer-progress -DskipTests package dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=/out/lib && \
    mkdir -p /out/lib && \
    set -- $(find target -maxdepth 1 -name '*.jar' ! -name 'original-*' ! -name '*-sources.jar' ! -name '*-javadoc.jar' ! -name '*-tests.jar' ! -name '*-plain.jar' ! -name '*-dependencies.jar' | sort) && \
    if [ $# -ne 1 ]; then echo "The build leaves $# jars in target, of which one is to be run: $*. Have it leave one, or add a Dockerfile." >&2; exit 1; fi && \
    cp "$1" /out/app.jar

# What runs. What changes seldom comes first, so that a changed source line sends little.
FROM eclipse-temurin:21-jre
WORKDIR /app
COPY --from=build /out/lib/ ./lib/
COPY --from=build /out/app.jar ./
ENV PORT=8080
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["java", "-XX:MaxRAMPercentage=75", "-XX:+ExitOnOutOfMemoryError", "-cp", "app.jar:lib/*", "example.MainKt"]
