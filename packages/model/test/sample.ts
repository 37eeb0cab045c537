// Valid documents to start from; a test changes what it is about.

type Json = { [key: string]: unknown };

function envelope(kind: string, name: string, spec: Json): Json {
  return { apiVersion: 'pod.brainpod.io/v1alpha1', kind, metadata: { name, namespace: 'default' }, spec };
}

export function appInput(spec: Json = {}, name = 'web'): Json {
  return envelope('App', name, { image: 'nginx:1.29', env: [], instance: '1x', replicas: 1, ...spec });
}

export function configInput(files: Json = { 'app.toml': 'debug = false' }, name = 'settings'): Json {
  return envelope('Config', name, { files });
}

export function ruleInput(rule: Json = {}): Json {
  return { name: 'all', path: '/', port: 3000, backendRef: 'urn:brain:app:default:web', ...rule };
}

export function routeInput(spec: Json = {}, name = 'web'): Json {
  return envelope('Route', name, { rules: [ruleInput()], ...spec });
}

export function diskInput(spec: Json = {}, name = 'data'): Json {
  return envelope('Disk', name, { size: 10, ...spec });
}

const DATABASE_SPECS = {
  Postgres: { version: '16', instance: '1x' },
  MariaDB: { version: '11', instance: '1x' },
  Valkey: { version: '9', instance: '1x' },
  MSSQL: { version: '2022', edition: 'Express', instance: '2x' },
};

/** A database on the Disk `data`. */
export function databaseInput(kind: keyof typeof DATABASE_SPECS, spec: Json = {}, name = 'db'): Json {
  return envelope(kind, name, {
    ...DATABASE_SPECS[kind],
    diskRef: 'urn:brain:disk:default:data',
    ...spec,
  });
}
