# The SDK stays here. Packages are fetched apart, so that a changed source line fetches nothing anew.
FROM mcr.microsoft.com/dotnet/sdk:9.0 AS build
WORKDIR /src
COPY Shop.csproj ./
RUN --mount=type=cache,target=/root/.nuget/packages dotnet restore Shop.csproj
COPY . .
RUN --mount=type=cache,target=/root/.nuget/packages dotnet publish Shop.csproj --configuration Release --no-restore --output /out /p:UseAppHost=false

# What runs.
FROM mcr.microsoft.com/dotnet/aspnet:9.0
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
CMD ["dotnet", "Shop.dll"]
