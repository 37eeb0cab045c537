// As many links as Linux follows in one path; what is longer is followed by nobody.
const MOST_LINKS_FOLLOWED = 40;

/**
 * Where a link leads, as the kernel would go: through other links too, since "sub/.." is not the folder that "sub" is
 * in when "sub" is a link. `links` holds what is written in each, by path. Nothing need be where it leads to.
 */
export function resolveSourceLink(path: string, links: ReadonlyMap<string, string>): 'inside' | 'outside' {
  const place = path.split('/').slice(0, -1);
  // The next part is the last of the list.
  const ahead = partsOf(links.get(path) ?? '');
  let followed = 1;
  for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (place.pop() === undefined) return 'outside';
      continue;
    }
    const next = links.get([...place, part].join('/'));
    if (next === undefined) {
      place.push(part);
      continue;
    }
    followed += 1;
    if (followed > MOST_LINKS_FOLLOWED) return 'inside';
    ahead.push(...partsOf(next));
  }
  return 'inside';
}

function partsOf(link: string): string[] {
  return link.split('/').reverse();
}
