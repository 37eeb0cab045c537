import { Hono } from 'hono';

const app = new Hono();
app.get('/', (context) => context.text('hello from Bun'));

export default { port: Number(process.env.PORT ?? 3000), fetch: app.fetch };
