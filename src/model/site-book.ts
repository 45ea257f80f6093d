// Which thread was told of which place of training. Owns the numbers by which threads know them, and that a thread hears of those
// that are no more, so that their memory can be freed.

/** Sites are any objects; a site that nobody holds any more is gone. */
export class SiteBook<Thread extends object> {
  private readonly ids = new WeakMap<object, number>();
  private readonly told = new Map<Thread, Set<number>>();
  private readonly gone = new Map<Thread, number[]>();
  private readonly ends = new FinalizationRegistry<number>((id) => this.end(id));
  private count = 0;

  /** The number of `site`, and whether `thread` hears it for the first time. */
  idFor(site: object, thread: Thread): { id: number; isNew: boolean } {
    const known = this.ids.get(site);
    const id = known ?? ++this.count;
    if (known === undefined) {
      this.ids.set(site, id);
      this.ends.register(site, id);
    }
    const told = this.told.get(thread) ?? new Set();
    this.told.set(thread, told);
    const isNew = !told.has(id);
    told.add(id);
    return { id, isNew };
  }

  /** What that thread was told of and is gone since the last time. */
  goneFor(thread: Thread): number[] {
    const gone = this.gone.get(thread) ?? [];
    this.gone.delete(thread);
    return gone;
  }

  private end(id: number): void {
    for (const [thread, told] of this.told) {
      if (told.delete(id)) this.gone.set(thread, [...(this.gone.get(thread) ?? []), id]);
    }
  }
}
