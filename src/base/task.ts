/** A piece of work that can stand in a queue at most once. Embedded by its owner; queueing allocates nothing. */
export class Task {
  queued = false;
  next: Task | undefined = undefined;
  readonly run: () => void;

  constructor(run: () => void) {
    this.run = run;
  }
}

/** First in, first out, intrusive. */
export class TaskQueue {
  private head: Task | undefined = undefined;
  private tail: Task | undefined = undefined;

  get empty(): boolean {
    return this.head === undefined;
  }

  /** Queues `task` unless it already stands in a queue. */
  push(task: Task): void {
    if (task.queued) return;
    task.queued = true;
    if (this.tail === undefined) this.head = task;
    else this.tail.next = task;
    this.tail = task;
  }

  /** Runs what stands in the queue now; what these tasks queue waits for the next call. */
  runBatch(): void {
    let task = this.head;
    this.head = undefined;
    this.tail = undefined;
    while (task !== undefined) {
      const next: Task | undefined = task.next;
      task.next = undefined;
      task.queued = false;
      task.run();
      task = next;
    }
  }
}
