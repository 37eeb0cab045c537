import { serve } from '@hono/node-server';
import { greet } from '@ours/words';
import { Hono } from 'hono';

const app = new Hono();
app.get('/', (context) => context.text(greet('a workspace of pnpm')));
serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) });
