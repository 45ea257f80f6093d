// What happens when, in a simulation. Owns the virtual time and the order: by time, and of one time by the order of planning.

interface Planned {
  atMs: number;
  sequence: number;
  act: () => void | Promise<void>;
}

/** A priority queue (binary heap) of things to do at virtual times. */
export class EventQueue {
  private readonly heap: Planned[] = [];
  private planned = 0;
  private now = 0;

  /** Virtual milliseconds: the time of the event that was taken out last, 0 at first. */
  get nowMs(): number {
    return this.now;
  }

  get size(): number {
    return this.heap.length;
  }

  /** Plans `act` for `atMs`. */
  add(atMs: number, act: Planned['act']): void {
    const { heap } = this;
    const event = { atMs, sequence: this.planned++, act };
    let index = heap.length;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Planned;
      if (isBefore(above, event)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  /** Takes out the next event; undefined where none is left. */
  next(): { atMs: number; act: Planned['act'] } | undefined {
    const { heap } = this;
    const first = heap[0];
    this.now = first?.atMs ?? this.now;
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Planned, heap[child] as Planned)) child++;
      const below = heap[child] as Planned;
      if (isBefore(last, below)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);
}
