// A server that says hello.
import { Hono } from 'hono';

const app = new Hono();
app.get('/', (context) => context.text('hello from Deno\n'));
Deno.serve(app.fetch);
