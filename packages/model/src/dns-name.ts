/** A DNS label: 1–63 of lowercase letters, digits, hyphens, with a letter or digit at both ends. */
export const DNS_LABEL_PATTERN = '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$';

/** A DNS label that starts with a letter, which Kubernetes versions before 1.36 demand of a Service. */
export const SERVICE_NAME_PATTERN = '^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$';

const DNS_LABEL = new RegExp(DNS_LABEL_PATTERN);

export function isDnsLabel(text: string): boolean {
  return DNS_LABEL.test(text);
}
