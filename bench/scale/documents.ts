import type { ResourceInput } from '@brainpod/model/document';
import { sampleApp, sampleConfig, sampleRoute } from '@brainpod/testkit/sample-documents';

/** The variable whose value tells one version of an App from the next. */
export const VERSION_VARIABLE = 'VERSION';

/** An App as people have it: some variables, a mounted Config, a Route. Three documents. */
export function appDocuments(name: string): ResourceInput[] {
  return [
    sampleConfig(`${name}-settings`, { 'app.conf': `name = ${name}\n` }),
    appOf(name, 0),
    sampleRoute(name),
  ];
}

/** The same App in one of its versions; each is rolled out anew. */
export function appOf(name: string, version: number): ResourceInput {
  return sampleApp(name, {
    env: [
      { name: 'PORT', value: '8080' },
      { name: 'NODE_ENV', value: 'production' },
      { name: 'LOG_LEVEL', value: 'info' },
      { name: VERSION_VARIABLE, value: String(version) },
    ],
    mounts: [{ config: `${name}-settings`, file: 'app.conf', path: '/etc/app.conf' }],
  });
}

/** The names of so many apps, spread evenly over pods of five. */
export function appNames(apps: number): string[][] {
  const pods = Math.min(200, Math.ceil(apps / 5));
  return Array.from({ length: pods }, (_, pod) =>
    Array.from({ length: Math.ceil((apps - pod) / pods) }, (_, index) => `app-${index}`),
  );
}
