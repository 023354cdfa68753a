import { bird } from "./bird.ts";
import type { Daemon } from "./daemon.ts";
import { nullRelay } from "./null-relay.ts";

/** Every daemon the bench knows, in the order of the tables. */
/** Every daemon the bench knows, in the order of the tables. */
export const daemons: readonly Daemon[] = [nullRelay, bird("bird2", "bird")];
