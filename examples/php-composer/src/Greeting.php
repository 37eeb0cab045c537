<?php

namespace Example;

final class Greeting
{
    public static function for(string $path): string
    {
        $name = trim($path, '/');

        return $name === '' ? "hello from PHP\n" : "hello, {$name}\n";
    }
}
