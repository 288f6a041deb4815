/** A program on the real clock for real-clock.test.ts: prints what happens, and must end by itself. */
import { RealClock } from "../../src/base/real-clock.ts";
import { Task } from "../../src/base/task.ts";
import { Timer } from "../../src/base/timer.ts";

const clock = new RealClock();

// two programs that talk over loopback without a pause, until the platform's own timer gets a word in
let heard = false;
setTimeout(() => {
  heard = true;
  console.log("heard");
}, 5);
const busy = new Task(() => {
  if (!heard) void Promise.resolve().then(() => clock.post(busy));
});
clock.post(busy);
console.log("busy");

const forgotten = new Timer(() => console.log("a disarmed timer fired"));
clock.armIn(forgotten, 3_600_000_000);
const timer = new Timer(() => {
  console.log(clock.now >= 20_000 ? "fired" : "fired too early");
  clock.disarm(forgotten);
});
clock.arm(timer, 20_000);

process.on("exit", () => console.log("done"));
