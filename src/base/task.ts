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

  /**
   * Runs what stands in the queue now; what these tasks queue waits for the next call. When a task throws, those
   * behind it stay in the queue.
   */
  runBatch(): void {
    const last = this.tail;
    for (let task = this.head; task !== undefined; task = this.head) {
      this.head = task.next;
      if (this.head === undefined) this.tail = undefined;
      task.next = undefined;
      task.queued = false;
      task.run();
      if (task === last) return;
    }
  }
}
