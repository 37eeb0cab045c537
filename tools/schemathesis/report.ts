/** `failed` names operations, or what went wrong with the run itself. */
export type Outcome = {
  passed: string[];
  failed: string[];
  generated: number;
  failures: { title: string; operations: string[] }[];
};

type Run = { operations: readonly string[]; code: number; report: string };

/** Reads schemathesis' JSON report. A run that was not complete has failed, whatever it found. */
export function readReport({ operations, code, report }: Run): Outcome {
  const found = parseReport(report);
  const named = new Set(found.failures.flatMap((failure) => failure.operations));
  const failed = [...named];
  if (code !== 0 && failed.length === 0) failed.push('an error outside of any operation, see above');
  if (!found.complete) failed.push('the run was not complete');
  if (found.tested < operations.length)
    failed.push(`only ${found.tested} of ${operations.length} operations were tested`);
  const passed = operations.filter((operation) => !named.has(operation));
  return { passed, failed, generated: found.generated, failures: found.failures };
}

/** The result as Markdown. */
export function reportText(
  outcome: Outcome,
  run: { at: Date; commit: string; seconds: number; examples: number; seed: string; version: string },
): string {
  const operations = outcome.passed.length + outcome.failed.length;
  const found = outcome.failures.map(({ title, operations: where }) => `* ${title}: ${where.join(', ')}`);
  return [
    '# Garbage in: schemathesis against the running server',
    '',
    `${run.at.toISOString().slice(0, 10)}, commit ${run.commit}, ${run.version}, seed ${run.seed}. \`npm run verify schemathesis\` repeats it.`,
    '',
    'A server in a process of its own, on a real PostgreSQL and a real Kubernetes API with stand-in nodes, an operator’s key,',
    'pods with and without deploys, no rate limit. Phases: coverage, fuzzing, stateful; valid and invalid requests.',
    '',
    '| operations | examples an operation | requests | seconds | found |',
    '| --- | --- | --- | --- | --- |',
    `| ${operations} | ${run.examples} | ${outcome.generated} | ${run.seconds.toFixed(0)} | ${outcome.failed.length === 0 ? 'nothing' : outcome.failed.length} |`,
    '',
    ...(found.length > 0 ? [...found, ''] : []),
  ].join('\n');
}

type Report = {
  complete: boolean;
  tested: number;
  generated: number;
  failures: { title: string; operations: string[] }[];
};

/** Only as far as it is looked at. Throws where it is not as expected: then nothing is known. */
function parseReport(text: string): Report {
  const report = JSON.parse(text);
  const { complete, failures } = report;
  const [tested, generated] = [report.operations?.tested, report.test_cases?.generated];
  if (typeof complete !== 'boolean' || typeof tested !== 'number' || typeof generated !== 'number')
    throw new Error(`the report is not as expected: ${text.slice(0, 500)}`);
  if (!Array.isArray(failures)) throw new Error('the report has no list of failures');
  return {
    complete,
    tested,
    generated,
    failures: failures.map((failure) => ({
      title: String(failure.title),
      operations: Array.isArray(failure.operations) ? failure.operations.map(String) : [],
    })),
  };
}
