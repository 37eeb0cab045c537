const AT_ONCE = 8;

/** Does some at once; the results are in the order of the list. */
export async function eachOf<From, To>(
  list: readonly From[],
  work: (item: From) => Promise<To>,
): Promise<To[]> {
  const results: To[] = [];
  for (let start = 0; start < list.length; start += AT_ONCE) {
    results.push(...(await Promise.all(list.slice(start, start + AT_ONCE).map(work))));
  }
  return results;
}
