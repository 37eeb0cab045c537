# Installed apart, so that a changed source line fetches nothing anew.
FROM composer:2 AS packages
WORKDIR /app
COPY composer.json ./
RUN --mount=type=cache,target=/tmp/cache composer install --no-autoloader --no-dev --no-interaction --no-progress --no-scripts --prefer-dist --ignore-platform-reqs
COPY . .
RUN composer dump-autoload --no-dev --no-interaction --no-scripts --optimize

# What runs. Proxy headers are believed, since nothing but the platform's edge reaches it.
FROM php:8.4-apache
RUN docker-php-ext-enable opcache
COPY <<'EOF' /usr/local/etc/php/conf.d/app.ini
display_errors = Off
error_log = /dev/stderr
expose_php = Off
log_errors = On
post_max_size = 100M
upload_max_filesize = 100M
EOF
WORKDIR /app
ENV PORT=8080
COPY --from=packages /app ./
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
STOPSIGNAL SIGTERM
CMD ["php", "server.php"]
