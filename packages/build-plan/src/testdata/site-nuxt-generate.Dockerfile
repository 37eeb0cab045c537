# Tools that only the build needs stay in this stage.
FROM node:24-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci
COPY . .
RUN npm run build

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
    # A changed file has another name.
    location /_nuxt/ {
      add_header Cache-Control "public, max-age=31536000, immutable";
      try_files $uri =404;
    }
    error_page 404 /404.html;
    location / {
      try_files $uri $uri/ $uri.html =404;
    }
  }
}
EOF
COPY --from=build /app/.output/public /srv
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
# Requests under way are answered before it ends.
STOPSIGNAL SIGQUIT
ENTRYPOINT []
CMD ["nginx", "-e", "/dev/stderr"]
