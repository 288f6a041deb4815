/**
 * The engine of the world: what time it is, and what runs next.
 *
 * Everything happens in *instants*. In one instant the clock fires the timers that are due and runs the tasks
 * that were posted (links handing over packets); only when none is left it runs the deferred tasks: the output
 * and the ACKs of every connection that was touched, and the news for their users. Thus a burst of segments is
 * answered once, as RFC 9293 §3.10.7.4, MUST-58 and MUST-59 ask.
 */
import { type Task, TaskQueue } from "./task.ts";
import { NEVER, type Timer, TimerQueue } from "./timer.ts";

export abstract class Clock {
  /** Microseconds since the clock's start; an integer that never goes back. */
  now = 0;
  readonly timers = new TimerQueue();
  /** Counts promises settled by the stack: a driver gives user code a turn when it has changed. */
  settled = 0;
  private readonly ready = new TaskQueue();
  private readonly deferred = new TaskQueue();

  /**
   * Brings `now` up to date. Called where a user enters the stack, since a real clock may have idled for hours;
   * a virtual clock is always right.
   */
  sample(): void {}

  /** Arms `timer` to fire `delay` microseconds from now. */
  armIn(timer: Timer, delay: number): void {
    this.arm(timer, this.now + delay);
  }

  /** Arms `timer` to fire at `deadline` (microseconds of this clock), or moves it there. */
  arm(timer: Timer, deadline: number): void {
    this.timers.arm(timer, deadline);
    this.wake();
  }

  disarm(timer: Timer): void {
    this.timers.disarm(timer);
  }

  /** Runs `task` in this instant, in the order of posting: how a link hands over what it was given. */
  post(task: Task): void {
    this.ready.push(task);
    this.wake();
  }

  /** Runs `task` when nothing else is left in this instant: output, ACKs, news for the user. */
  defer(task: Task): void {
    this.deferred.push(task);
    this.wake();
  }

  /** Tells the driver of a real clock that there is work; on a virtual clock the driver is asking anyway. */
  protected abstract wake(): void;

  /** True while a task waits or a timer is due at `now`. */
  get busy(): boolean {
    return !this.ready.empty || !this.deferred.empty || this.timers.nextDeadline() <= this.now;
  }

  /** When something happens next: `now` if this instant has work left, else the next timer, else {@link NEVER}. */
  nextDeadline(): number {
    return this.busy ? this.now : this.timers.nextDeadline();
  }

  /** One round of the instant: due timers, then posted tasks, then, if there were none, the deferred ones. */
  step(): void {
    for (
      let timer = this.timers.popDue(this.now);
      timer !== undefined;
      timer = this.timers.popDue(this.now)
    ) {
      timer.fire();
    }
    if (!this.ready.empty) this.ready.runBatch();
    else this.deferred.runBatch();
  }

  /** Runs everything that is to happen in this instant. Returns whether anything ran. */
  runInstant(): boolean {
    if (!this.busy) return false;
    while (this.busy) this.step();
    return true;
  }
}

/** A clock that stands still until it is told to jump. Simulated hours cost nothing. */
export class VirtualClock extends Clock {
  protected override wake(): void {}

  /** Moves time forward to `deadline`; the caller has run everything before it. */
  jumpTo(deadline: number): void {
    if (deadline > this.now && deadline !== NEVER) this.now = deadline;
  }
}
