<?php

require __DIR__ . '/../vendor/autoload.php';

header('Content-Type: text/plain; charset=utf-8');
echo Example\Greeting::for(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));
