# The SDK stays here. Packages are fetched apart, so that a changed source line fetches nothing anew.
FROM mcr.microsoft.com/dotnet/sdk:8.0 AS build
WORKDIR /src
COPY Directory.Build.props ./
COPY src/Shop.Core/Shop.Core.csproj ./src/Shop.Core/
COPY src/Shop.Web/Shop.Web.csproj ./src/Shop.Web/
COPY test/Shop.Tests/Shop.Tests.csproj ./test/Shop.Tests/
COPY src/Shop.Web/packages.lock.json ./src/Shop.Web/
RUN --mount=type=cache,target=/root/.nuget/packages dotnet restore src/Shop.Web/Shop.Web.csproj --locked-mode
COPY . .
RUN --mount=type=cache,target=/root/.nuget/packages dotnet publish src/Shop.Web/Shop.Web.csproj --configuration Release --no-restore --output /out /p:UseAppHost=false

# What runs.
FROM mcr.microsoft.com/dotnet/aspnet:8.0
WORKDIR /app
# Nobody asks for its diagnostics, which would write to /tmp.
ENV ASPNETCORE_HTTP_PORTS=8080 \
    ASPNETCORE_FORWARDEDHEADERS_ENABLED=true \
    DOTNET_EnableDiagnostics=0 \
    PORT=8080
COPY --from=build /out ./
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["dotnet", "shop.dll"]
