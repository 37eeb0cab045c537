/** The least that a read with a database behind it can be: fastify, and one prepared statement for one row. */
import fastify from 'fastify';
import pg from 'pg';

// As large as the server's own.
const POOL_SIZE = 10;

// Written by bench/api.ts.
const settings = JSON.parse(process.argv[2] ?? '') as { database: pg.PoolConfig; port: number };
const pool = new pg.Pool({ ...settings.database, max: POOL_SIZE });
const server = fastify();
server.get<{ Params: { name: string } }>('/pods/:name', async (request) => {
  const { rows } = await pool.query({
    name: 'pod',
    text: 'select * from pod where name = $1',
    values: [request.params.name],
  });
  return rows[0];
});
await server.listen({ host: '127.0.0.1', port: settings.port });
