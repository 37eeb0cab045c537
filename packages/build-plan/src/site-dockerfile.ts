import { PORT } from './build-plan.ts';

/** Files and how they are handed out. */
export type Site = {
  /** The stages before, each with its end of line. */
  stages: readonly string[];
  /** What is copied, as COPY is told. */
  copied: string;
  isSinglePage: boolean;
  /** A folder whose files never change under one name; null for none. */
  hashed: string | null;
};

export const SITE_IMAGE = 'nginx:stable';

/** The Dockerfile of files behind a web server that is told all it has to know in the same place. */
export function siteDockerfile({ stages, copied, isSinglePage, hashed }: Site): string {
  return `${stages.map((stage) => `${stage}\n`).join('')}# What runs: a web server, and the files.
FROM ${SITE_IMAGE}
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
    listen ${PORT};
    root /srv;
    # Where it is reached is known to who asks, not to it.
    absolute_redirect off;
    add_header Cache-Control no-cache;
${locations({ isSinglePage, hashed })}  }
}
EOF
${copied}
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE ${PORT}
# Requests under way are answered before it ends.
STOPSIGNAL SIGQUIT
ENTRYPOINT []
CMD ["nginx", "-e", "/dev/stderr"]
`;
}

function locations({ isSinglePage, hashed }: { isSinglePage: boolean; hashed: string | null }): string {
  const files =
    hashed === null
      ? ''
      : `    # A changed file has another name.
    location /${hashed}/ {
      add_header Cache-Control "public, max-age=31536000, immutable";
      try_files $uri =404;
    }
`;
  const otherwise = isSinglePage
    ? `    # A path that is no file is one of the app's own.
    location / {
      try_files $uri $uri/ /index.html;
    }
`
    : `    error_page 404 /404.html;
    location / {
      try_files $uri $uri/ $uri.html =404;
    }
`;
  return `    location ~ /\\.(?!well-known/) {
      return 404;
    }
${files}${otherwise}`;
}
