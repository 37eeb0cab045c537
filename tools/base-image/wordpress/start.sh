#!/bin/sh
# Puts WordPress onto the disk when it is empty, and tells it of its database once that is known.
set -eu
cd /var/www/html
if [ ! -e index.php ]; then
  cp -r /usr/src/wordpress/. .
  # Last, so that what broke off is begun again.
  cp /usr/src/index.php index.php
fi
if [ ! -e wp-config.php ] && [ -n "${WORDPRESS_DB_HOST:-}" ]; then
  php /usr/src/make-config.php > .wp-config.php
  mv .wp-config.php wp-config.php
fi
exec apache2 -D FOREGROUND
