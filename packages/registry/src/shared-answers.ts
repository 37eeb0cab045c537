/**
 * Many who ask the same at the same time share an answer, but only one that was begun to be looked for after each of them asked: nobody
 * is told of what was before. So whoever asks while an answer is on its way waits for the next one, together with
 * all others that come meanwhile.
 */
export class SharedAnswers<T> {
  readonly #underWay = new Map<string, Promise<unknown>>();
  readonly #next = new Map<string, Promise<T>>();

  /** `question` names what is asked; `look` finds the answer, and gives the same to whoever asks that. */
  ask(question: string, look: () => Promise<T>): Promise<T> {
    const next = this.#next.get(question);
    if (next !== undefined) return next;
    const before = this.#underWay.get(question);
    if (before === undefined) return this.#begin(question, look);
    const answer = before.then(() => {
      this.#next.delete(question);
      return this.#begin(question, look);
    });
    this.#next.set(question, answer);
    return answer;
  }

  #begin(question: string, look: () => Promise<T>): Promise<T> {
    const answer = look();
    const over = (): void => {
      if (!this.#next.has(question)) this.#underWay.delete(question);
    };
    this.#underWay.set(question, answer.then(over, over));
    return answer;
  }
}
