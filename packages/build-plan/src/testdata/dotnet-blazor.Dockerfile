# The SDK stays here. Packages are fetched apart, so that a changed source line fetches nothing anew.
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /src
COPY Pages.csproj ./
RUN --mount=type=cache,target=/root/.nuget/packages dotnet restore Pages.csproj
COPY . .
RUN --mount=type=cache,target=/root/.nuget/packages dotnet publish Pages.csproj --configuration Release --no-restore --output /out /p:UseAppHost=false

# What runs: a web server, and the files.
FROM nginx:stable
COPY <<'EOF' /etc/nginx/nginx.conf
worker_processes 2;
daemon off;
pid /tmp/nginx.pid;
error_log /dev/stderr warn;
events {}
http {
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  charset utf-8;
  charset_types text/css text/javascript text/plain text/xml application/javascript application/json;
  # The user that it runs as may write there and nowhere else.
  client_body_temp_path /tmp/client_body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;
  access_log off;
  server_tokens off;
  sendfile on;
  gzip on;
  gzip_vary on;
  gzip_proxied any;
  gzip_types text/css text/javascript text/plain text/xml application/javascript application/json image/svg+xml;
  server {
    listen 8080;
    root /srv;
    # Where it is reached is known to who asks, not to it.
    absolute_redirect off;
    add_header Cache-Control no-cache;
    location ~ /\.(?!well-known/) {
      return 404;
    }
    # A path that is no file is one of the app's own.
    location / {
      try_files $uri $uri/ /index.html;
    }
  }
}
EOF
COPY --from=build /out/wwwroot /srv
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
# Requests under way are answered before it ends.
STOPSIGNAL SIGQUIT
ENTRYPOINT []
CMD ["nginx", "-e", "/dev/stderr"]
