# Installed apart, so that a changed source line fetches nothing anew.
FROM composer:2 AS packages
WORKDIR /app
COPY composer.json composer.lock ./
RUN --mount=type=cache,target=/tmp/cache composer install --no-autoloader --no-dev --no-interaction --no-progress --no-scripts --prefer-dist --ignore-platform-reqs
COPY . .
RUN composer dump-autoload --no-dev --no-interaction --no-scripts --optimize

# What visitors' browsers get.
FROM node:24-trixie-slim AS assets
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci
COPY --from=packages /app ./
RUN npm run build

# What runs. Proxy headers are believed, since nothing but the platform's edge reaches it.
FROM php:8.4-apache
RUN kept="$(apt-mark showmanual)" && \
    apt-get update && \
    apt-get install -y --no-install-recommends libpq-dev && \
    docker-php-ext-install -j"$(nproc)" pcntl pdo_mysql pdo_pgsql && \
    apt-mark auto '.*' > /dev/null && \
    apt-mark manual $kept > /dev/null && \
    find "$(php -r 'echo ini_get("extension_dir");')" -name '*.so' -exec ldd {} + | sed -n 's|.*=> /\(usr/\)\?\(lib/[^ ]*\).*|*/\2|p' | sort -u | xargs -r dpkg-query --search | cut -d: -f1 | sort -u | xargs -r apt-mark manual > /dev/null && \
    apt-get purge -y --auto-remove && \
    rm -rf /var/lib/apt/lists/* && \
    docker-php-ext-enable opcache
COPY <<'EOF' /usr/local/etc/php/conf.d/app.ini
display_errors = Off
error_log = /dev/stderr
expose_php = Off
log_errors = On
post_max_size = 100M
upload_max_filesize = 100M
EOF
COPY <<'EOF' /etc/apache2/ports.conf
Listen 8080
EOF
COPY <<'EOF' /etc/apache2/sites-available/000-default.conf
ServerName localhost
ServerTokens Prod
ServerSignature Off
StartServers 2
MinSpareServers 2
MaxSpareServers 4
MaxRequestWorkers ${APACHE_WORKERS}
# Who asks, and how, is what the platform's edge says.
RemoteIPHeader X-Forwarded-For
SetEnvIf X-Forwarded-Proto https HTTPS=on
<VirtualHost *:8080>
  DocumentRoot /app/public
  ErrorLog /dev/stderr
  RedirectMatch 404 "/\.(?!well-known/)"
  <Directory /app/public>
    AllowOverride All
    Options FollowSymLinks
    Require all granted
    DirectoryIndex index.php index.html
    FallbackResource /index.php
  </Directory>
</VirtualHost>
EOF
RUN a2enmod -q headers remoteip rewrite && a2disconf -q other-vhosts-access-log
WORKDIR /app
ENV APP_ENV=production \
    APP_DEBUG=false \
    LOG_CHANNEL=stderr \
    PORT=8080 \
    APACHE_RUN_DIR=/tmp \
    APACHE_LOCK_DIR=/tmp \
    APACHE_PID_FILE=/tmp/apache2.pid \
    APACHE_WORKERS=20
COPY --from=packages /app ./
COPY --from=assets /app/public ./public
RUN mkdir -p storage/framework/cache/data storage/framework/sessions storage/framework/views storage/logs bootstrap/cache && php artisan package:discover && php artisan storage:link
# It writes there while it runs. What must outlast an instance belongs on a disk.
RUN mkdir -p storage bootstrap/cache database && chown -R 1000:1000 storage bootstrap/cache database
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
# Requests under way are answered before it ends.
STOPSIGNAL SIGWINCH
CMD ["apache2-foreground"]
