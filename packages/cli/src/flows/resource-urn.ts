import type { Context } from '../context.ts';

/** The URN of a resource that is named by it, by its name or by its id. */
export async function resourceUrn(context: Context, named: string): Promise<string> {
  if (named.startsWith('urn:')) return named;
  return (await context.client().resolveResource(context.pod(), named)).urn;
}
