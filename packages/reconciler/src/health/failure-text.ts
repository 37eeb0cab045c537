const MAX_LINES = 10;
const MAX_LINE_CHARACTERS = 300;

/** The text of a failed revision: the reason, and below it the app's last words where there are any. */
export function failureText(sentence: string, log: string): string {
  const lines = lastLines(log);
  if (lines.length === 0) return sentence;
  return [sentence, '', 'Its last lines of output:', ...lines.map((line) => `  ${line}`)].join('\n');
}

/** The last lines that hold something, without colours and other control characters, each cut to a bearable length. */
export function lastLines(log: string): string[] {
  return log
    .split('\n')
    .map(cleanLine)
    .filter((line) => line !== '')
    .slice(-MAX_LINES)
    .map((line) => (line.length > MAX_LINE_CHARACTERS ? `${line.slice(0, MAX_LINE_CHARACTERS - 1)}…` : line));
}

const ESCAPE_SEQUENCE = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[ -/]*[@-~]`, 'g');

function cleanLine(line: string): string {
  const plain = line.replace(ESCAPE_SEQUENCE, '').replaceAll('\t', '  ');
  return [...plain]
    .filter((character) => character >= ' ' && character !== '\u007f')
    .join('')
    .trimEnd();
}
