import type { Actions, ConfigurationActions, ConfigurationOutcome } from "#control/actions.ts";
import type { Configuration, Loaded } from "../configuration.ts";
import type { Daemon } from "../daemon.ts";

/** What operators may do, done by the daemon. `end` stops the process's work after the answer is sent. */
export function actionsOf(
  daemon: Daemon,
  configuration: Configuration,
  end: (how: "down" | "gracefulRestart") => void,
): Actions {
  const { speaker } = daemon;
  return {
    disable: (protocol, message) => void speaker.disable(protocol, message),
    enable: (protocol) => void speaker.enable(protocol),
    restart: (protocol, message) => void speaker.restart(protocol, message),
    reload: (protocol, direction) => {
      // The node's own are as they should be at any time; what interfaces have is not imported in the first place.
      if (daemon.rib.neighbour(protocol) === undefined) return protocol !== "direct1" || direction === "out";
      const asked = direction === "out" || speaker.refreshIn(protocol);
      return asked && (direction === "in" || speaker.refreshOut(protocol));
    },
    drain: (wanted) => (wanted ? daemon.drain.ask("`linnet drain`") : daemon.drain.undo()),
    trace: (protocol, on) => void speaker.trace(protocol, on),
    configuration: configurationActions(configuration),
    shutdown: end,
  };
}

function configurationActions(configuration: Configuration): ConfigurationActions {
  return {
    source: configuration.source.title,
    load({ check, path }, done) {
      const work = check ? configuration.check(path) : configuration.load(path);
      work.then(
        (loaded) => done(outcomeOf(loaded, check)),
        (error: unknown) => done(failure(path ?? configuration.source.title, error)),
      );
    },
    rollBack: (done) => void configuration.rollBack().then((loaded) => done(outcomeOf(loaded, false))),
  };
}

/** What cannot be read at all says where it is itself. */
function failure(where: string, error: unknown): ConfigurationOutcome {
  const text = error instanceof Error ? error.message : String(error);
  return { kind: "invalid", where, text: text.replace(`${where} `, "") };
}

/** An error names its place first: `FILE:LINE: what is wrong`. */
function outcomeOf({ changed, error }: Loaded, check: boolean): ConfigurationOutcome {
  if (error !== undefined) {
    const [, where = "", text = error] = /^(\S+:\d+): (.*)$/s.exec(error) ?? [];
    return { kind: "invalid", where, text };
  }
  return check ? { kind: "valid" } : { kind: "applied", changed };
}
