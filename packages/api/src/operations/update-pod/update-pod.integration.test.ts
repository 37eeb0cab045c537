import { expect } from 'vitest';
import { Pod } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';

const rename = (name: string, json: unknown) =>
  ({ method: 'PATCH', path: `/v1/pods/${name}`, json }) as const;

describeOperation('updatePod', { request: (pod) => rename(pod.name, { displayName: 'x' }) }, ({ proves }) => {
  proves(200, 'sets the display name, and takes it away', async (api) => {
    const { name } = await api.newPod();
    const renamed = (await api.call(rename(name, { displayName: 'Größe 1' }))).as(200, Pod);
    expect(renamed).toMatchObject({ name, displayName: 'Größe 1' });
    expect((await api.get(`/v1/pods/${name}`)).as(200, Pod)).toEqual(renamed);
    expect((await api.call(rename(name, { displayName: null }))).as(200, Pod).displayName).toBeNull();
  });

  proves(400, 'names what is wrong, and changes nothing', async (api) => {
    const { name } = await api.newPod();
    for (const json of [
      {},
      { displayName: 1 },
      { displayName: 'x'.repeat(201) },
      { displayName: 'a\u0000b' },
    ]) {
      const error = (await api.call(rename(name, json))).error(400);
      expect(error).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ path: 'displayName' }] });
    }
    const unknown = (await api.call(rename(name, { displayName: 'x', cluster: 'y' }))).error(400);
    expect(unknown.details).toMatchObject([{ path: 'cluster' }]);
    (await api.call({ method: 'PATCH', path: `/v1/pods/${name}` })).error(400);
    expect((await api.get(`/v1/pods/${name}`)).as(200, Pod).displayName).toBeNull();
  });
});
