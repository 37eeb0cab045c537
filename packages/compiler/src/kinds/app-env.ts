import type { AppDocument } from '@brainpod/model/kinds/app';
import { formatReference, parseEnvValue } from '@brainpod/model/reference';
import { targetsOf } from '@brainpod/model/variables';
import type * as k8s from '@kubernetes/client-node';
import type { PodView } from '../pod-view.ts';

/** The environment, with references to other resources filled in. */
export function compileEnv(app: AppDocument, view: PodView): k8s.V1EnvVar[] {
  return app.spec.env.map(({ name, value }) => ({ name, value: compileValue(value, view) }));
}

function compileValue(value: string, view: PodView): string {
  const parts = parseEnvValue(value).map((part) => {
    if ('text' in part) return part.text;
    const [target] = targetsOf(view, part.name, part.variable);
    if (target === undefined)
      throw new Error(`${part.name}.${part.variable} is not in the checked documents`);
    // Secrets are those of databases, which do not run yet: an App that refers to one is only planned.
    return target.value ?? formatReference(part.name, part.variable);
  });
  return escapeExpansion(parts.join(''));
}

/**
 * Doubles every `$`. Kubernetes replaces `$(NAME)` in environment values and commands, makes `$$` one
 * `$`, and garbles a `$` before a character outside ASCII; what a person writes is to arrive as it is.
 */
export function escapeExpansion(text: string): string {
  return text.replaceAll('$', '$$$$');
}
