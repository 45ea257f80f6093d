// MQTT topic filters, with {sensor} for the level that names the sensor. Owns matching (MQTT 3.1.1, section 4.7).
import { OperatorError } from '../../lib/errors.ts';

/** A topic filter as the operator writes it, such as 'plant/+/{sensor}/value'. */
export class TopicPattern {
  /** As subscribed: {sensor} is '+'. */
  readonly filter: string;
  private readonly levels: readonly string[];

  /** Throws OperatorError for a filter that a broker would refuse. */
  constructor(pattern: string) {
    this.levels = pattern.split('/');
    this.filter = this.levels.map((level) => (level === placeholder ? '+' : level)).join('/');
    const isWrong =
      pattern === '' ||
      Buffer.byteLength(pattern) > 65_535 ||
      this.levels.some((level, at) => {
        if (level === '#') return at < this.levels.length - 1;
        return level !== '+' && /[+#\0]/.test(level);
      });
    if (isWrong) {
      throw new OperatorError(`topic: '${pattern}' is no MQTT topic filter; write + for one level and # for the rest`);
    }
    if (this.levels.filter((level) => level === placeholder).length > 1) {
      throw new OperatorError(`topic: '${pattern}' has {sensor} twice; leave one`);
    }
  }

  /** Undefined where the filter does not match `topic`; else the level at {sensor}, or the last level where there is none. */
  match(topic: string): string | undefined {
    const levels = topic.split('/');
    const first = this.levels[0];
    // A wildcard at the beginning does not match the broker's own topics.
    if (topic.startsWith('$') && (first === '+' || first === '#' || first === placeholder)) return undefined;
    let sensor = levels.at(-1)!;
    for (const [at, level] of this.levels.entries()) {
      if (level === '#') return sensor;
      const found = levels[at];
      if (found === undefined) return undefined;
      if (level === placeholder) sensor = found;
      else if (level !== '+' && level !== found) return undefined;
    }
    return levels.length === this.levels.length ? sensor : undefined;
  }
}

const placeholder = '{sensor}';
