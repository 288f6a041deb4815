/**
 * Descriptors under way in messages (SCM_RIGHTS): counted while they are, let go of when their message is thrown away,
 * and collected when nobody can receive them any more.
 */
import type { Clock } from "../../base/clock.ts";
import { Task } from "../../base/task.ts";
import type { SocketCore } from "../core.ts";
import type { Description, DescriptorTable } from "../descriptors.ts";
import { UnixCore } from "./core.ts";

/** What the counting asks of the host. */
export interface RightsOwner {
  readonly clock: Clock;
  readonly sockets: Iterable<SocketCore>;
  readonly descriptors: DescriptorTable;
}

export class RightsUnderWay {
  private readonly owner: RightsOwner;
  /** References of all messages. */
  private count = 0;
  /** Those to let go of, and whether somebody is at it: letting go may close a socket, whose messages are thrown away … */
  private readonly unwanted: Description[] = [];
  private dropping = false;
  private readonly collection = new Task(() => this.collect());

  constructor(owner: RightsOwner) {
    this.owner = owner;
    owner.descriptors.onOnlyUnderWay = (file) => {
      // messages wait at sockets of AF_UNIX alone: nothing else can be lost with what refers to it
      if (file instanceof UnixCore) owner.clock.defer(this.collection);
    };
  }

  /** Whether none is under way. */
  get idle(): boolean {
    return this.count === 0;
  }

  /** Whether more are under way than one process may have open (RLIMIT_NOFILE), which only root's may be. */
  get exceeded(): boolean {
    return this.count > this.owner.descriptors.limits.descriptors;
  }

  /** A message has taken them, with their references. */
  depart(rights: readonly Description[]): void {
    this.count += rights.length;
    for (const description of rights) description.underWay++;
  }

  /** They are no longer a message's: the references go to the caller. */
  arrive(rights: readonly Description[]): void {
    this.count -= rights.length;
    for (const description of rights) description.underWay--;
  }

  /** Gives references back. What nobody else refers to is closed. */
  drop(rights: readonly Description[]): void {
    this.unwanted.push(...rights);
    if (this.dropping) return;
    this.dropping = true;
    for (let next = this.unwanted.pop(); next !== undefined; next = this.unwanted.pop()) {
      if (next.drop()) next.file.close();
    }
    this.dropping = false;
  }

  /**
   * Throws away what waits at sockets that are reached only through messages which nobody can receive: a socket that
   * was sent over itself, and then closed (Linux's net/unix/garbage.c).
   */
  private collect(): void {
    if (this.count === 0) return;
    const lost = this.candidates();
    if (lost.size === 0) return;
    for (const core of this.owner.sockets) {
      if (core instanceof UnixCore && !core.isEmbryo && !lost.has(core)) this.rescue(core, lost);
    }
    for (const core of lost) core.discard();
  }

  /** Sockets that only messages refer to. */
  private candidates(): Set<UnixCore> {
    const candidates = new Set<UnixCore>();
    for (const core of this.owner.sockets) {
      if (!(core instanceof UnixCore)) continue;
      for (const { file, references, underWay } of rightsAt(core)) {
        if (references === underWay && file instanceof UnixCore) candidates.add(file);
      }
    }
    return candidates;
  }

  /** Whoever can be received at `core` is not lost, nor who can be received there. */
  private rescue(core: UnixCore, lost: Set<UnixCore>): void {
    const reached = [core];
    for (let at = reached.pop(); at !== undefined; at = reached.pop()) {
      reached.push(...at.embryos);
      for (const { file } of rightsAt(at)) {
        if (lost.delete(file as UnixCore)) reached.push(file as UnixCore);
      }
    }
  }
}

function* rightsAt(core: UnixCore): IterableIterator<Description> {
  for (let message = core.queue.first; message !== undefined; message = message.next) {
    yield* message.rights ?? [];
  }
}
