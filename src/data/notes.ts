// What a reader must know about the data, said once. Owns the wording of lists; decides nothing.

/** Collects facts about nodes; the same fact about several nodes becomes one sentence. */
export class Notes {
  private readonly subjects = new Map<string, string[]>();

  /** Notes that `fact` holds for `subject`; a fact is worded so that it fits one subject or many. */
  add(subject: string, fact: string): void {
    const subjects = this.subjects.get(fact);
    if (subjects === undefined) this.subjects.set(fact, [subject]);
    else if (!subjects.includes(subject)) subjects.push(subject);
  }

  /** 'WELL-00003, WELL-00006: no anomalous test rows.' and so on, in the order of first mention. */
  sentences(): string[] {
    return [...this.subjects].map(([fact, subjects]) => `${listed(subjects)}: ${fact}.`);
  }
}

/** Names joined by commas, the first eight and how many more. */
export function listed(names: readonly string[]): string {
  return names.length <= 8 ? names.join(', ') : `${names.slice(0, 8).join(', ')} and ${names.length - 8} more`;
}
