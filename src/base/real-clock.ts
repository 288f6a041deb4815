/**
 * The clock that follows real time.
 *
 * Work runs in *turns*. A turn is asked for by a microtask, so that two programs of one process talk over loopback
 * without waiting for the event loop; but when turns have kept the event loop waiting for a millisecond, the rest is
 * left to a macrotask, so that the process still hears its sockets, timers and user. That same macrotask, once in
 * a pass of the event loop, sets the alarm for the next timer; when none is armed there is none, and the process can exit.
 * It can also when only background timers are: nobody stays for TIME-WAIT.
 */
import {
  type Alarm,
  clearAlarm,
  keepProcessFor,
  macrotask,
  microtask,
  monotonicMicros,
  setAlarm,
} from "./ambient.ts";
import { Clock } from "./clock.ts";
import { NEVER } from "./timer.ts";

/** For how many microseconds turns may keep the event loop from going round. */
const LONGEST_STREAK = 1000;

export class RealClock extends Clock {
  private readonly origin = monotonicMicros();
  /** A turn has been asked for and not begun. */
  private scheduled = false;
  private running = false;
  private closed = false;
  /** When the first turn since the last macrotask was asked for. */
  private streakStart = 0;
  private macrotaskPending = false;
  private alarm: Alarm | undefined = undefined;
  private alarmDeadline = NEVER;
  private readonly onMicrotask = () => this.turn();
  private readonly onMacrotask = () => {
    this.macrotaskPending = false;
    this.freshTurn();
  };
  private readonly onAlarm = () => {
    this.alarm = undefined;
    this.alarmDeadline = NEVER;
    this.freshTurn();
  };

  /** Within a turn the turn itself moves `now` on, between one round and the next. */
  override sample(): void {
    if (!this.running) this.readTime();
  }

  /** Sets no alarm any more, so that the process can exit. What was posted or deferred still runs. */
  close(): void {
    this.closed = true;
    this.setAlarmFor(NEVER);
  }

  protected override wake(): void {
    if (this.scheduled || this.running) return;
    this.scheduled = true;
    this.requestMacrotask();
    microtask(this.onMicrotask);
  }

  private readTime(): void {
    const now = monotonicMicros() - this.origin;
    if (now > this.now) this.now = now;
  }

  private requestMacrotask(): void {
    if (this.macrotaskPending) return;
    this.macrotaskPending = true;
    this.readTime();
    this.streakStart = this.now;
    macrotask(this.onMacrotask);
  }

  /** A turn with a whole streak before it: the event loop has just gone round. */
  private freshTurn(): void {
    this.readTime();
    this.streakStart = this.now;
    this.scheduled = true;
    try {
      this.turn();
    } finally {
      if (!this.scheduled) this.setAlarmFor(this.closed ? NEVER : this.timers.nextDeadline());
    }
  }

  private turn(): void {
    if (!this.scheduled || this.running) return; // another turn has done the work meanwhile
    this.scheduled = false;
    this.running = true;
    this.readTime();
    try {
      while (this.busy && this.now - this.streakStart < LONGEST_STREAK) {
        this.step();
        this.readTime();
      }
    } finally {
      // also when a user's callback has thrown: the rest of the work is not lost
      this.running = false;
      if (this.busy) {
        this.scheduled = true;
        this.requestMacrotask();
      }
    }
  }

  /** An alarm that is too early may stay: it finds nothing due and sets the next one. So a moved timer costs nothing. */
  private setAlarmFor(deadline: number): void {
    if (deadline === NEVER || deadline < this.alarmDeadline) {
      if (this.alarm !== undefined) clearAlarm(this.alarm);
      this.alarm = undefined;
      this.alarmDeadline = deadline;
      if (deadline !== NEVER) this.alarm = setAlarm(this.onAlarm, (deadline - this.now) / 1000);
    }
    const { armedCount, backgroundCount } = this.timers;
    if (this.alarm !== undefined) keepProcessFor(this.alarm, armedCount > backgroundCount);
  }
}
