import { Control } from "#control/control.ts";
import { bird2Dialect, type Dialect } from "#control/dialect.ts";
import type { Session, Wire } from "#control/session.ts";
import type { DaemonView } from "#control/views.ts";
import type { FakeClock } from "../../support/fake-clock.ts";

/** A wire that keeps what was written, and takes no more than `room` blocks until it is told to. */
class FakeWire implements Wire {
  readonly blocks: string[] = [];
  room = Number.POSITIVE_INFINITY;
  paused = false;
  ended = false;

  write(octets: Uint8Array): boolean {
    this.blocks.push(Buffer.from(octets).toString());
    this.room--;
    return this.room > 0;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  end(): void {
    this.ended = true;
  }

  /** Everything that was written since the last call. */
  take(): string {
    return this.blocks.splice(0).join("");
  }
}

export interface Talk {
  readonly wire: FakeWire;
  readonly session: Session;
  readonly control: Control;
  /** Sends one command and returns the whole reply. */
  readonly ask: (command: string) => string;
}

/** Connects to a daemon; the greeting is read. */
export function talkTo(
  daemon: DaemonView,
  clock: FakeClock,
  dialect: Dialect = bird2Dialect,
  control = new Control(daemon, clock),
): Talk {
  const wire = new FakeWire();
  const session = control.open(wire, { dialect, restricted: false, formats: undefined, zone: () => 0 });
  wire.take();
  return {
    wire,
    session,
    control,
    ask(command) {
      session.receive(`${command}\n`);
      clock.settle();
      return wire.take();
    },
  };
}
