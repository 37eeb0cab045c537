<?php
// Writes a wp-config.php: where the database is stays in the environment, what sessions are signed with is made once.
echo "<?php\n";
$settings = ['DB_HOST' => 'localhost', 'DB_NAME' => 'wordpress', 'DB_USER' => 'wordpress', 'DB_PASSWORD' => ''];
foreach ($settings as $name => $default) {
    echo "define('$name', getenv('WORDPRESS_$name') ?: '$default');\n";
}
echo "define('DB_CHARSET', 'utf8mb4');\ndefine('DB_COLLATE', '');\n";
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $use) {
    foreach (['KEY', 'SALT'] as $part) {
        echo "define('{$use}_{$part}', '" . bin2hex(random_bytes(32)) . "');\n";
    }
}
echo <<<'REST'
$table_prefix = getenv('WORDPRESS_TABLE_PREFIX') ?: 'wp_';
define('WP_DEBUG', (bool) getenv('WORDPRESS_DEBUG'));
// The edge speaks https with visitors and says so.
if (($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '') === 'https') $_SERVER['HTTPS'] = 'on';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';

REST;
