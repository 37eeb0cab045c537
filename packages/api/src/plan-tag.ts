/** A hash of each thing that a plan was made of, and of what came out. */
export type PlanTag = { draft: string; base: string; terms: string; result: string };

const PREFIX = 'plan:';
const QUOTED_TAG = /"(plan:[^"]*)"/g;

export function formatPlanTag({ draft, base, terms, result }: PlanTag): string {
  return `${PREFIX}${[draft, base, terms, result].join('.')}`;
}

/** The tags of plans among those of an If-Match header; empty where it names none. */
export function planTagsIn(ifMatch: string | undefined): string[] {
  return [...(ifMatch ?? '').matchAll(QUOTED_TAG)].flatMap(([, tag]) => (tag === undefined ? [] : [tag]));
}

/** What is different between the plan that was read and the one that there is now, for a person. */
export function differenceOfPlans(read: string, now: string): string {
  const [draft, base, terms] = read.slice(PREFIX.length).split('.');
  const [draftNow, baseNow, termsNow] = now.slice(PREFIX.length).split('.');
  const different = [
    ...(draft === draftNow ? [] : ['the draft, or an image that it names,']),
    ...(base === baseNow ? [] : ['what is deployed or on its way']),
    ...(terms === termsNow ? [] : ['the limits, sizes or restarts of the pod']),
  ];
  return different.length === 0 ? 'what the platform makes of it' : different.join(', and ');
}
