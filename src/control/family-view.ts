import type { Family } from "#route/family.ts";
import type { DaemonView, ProtocolView } from "./views.ts";

/** The daemon as a BIRD 1.6 of one family sees itself: without protocols, channels and sessions of the other one. */
export function familyView(daemon: DaemonView, family: Family): DaemonView {
  const concerns = ({ kind, channels }: ProtocolView): boolean => {
    return kind === "Device" || kind === "BFD" || channels.some((channel) => channel.family === family);
  };
  const narrow = (view: ProtocolView): ProtocolView => ({
    ...view,
    channels: view.channels.filter((channel) => channel.family === family),
  });
  return {
    status: () => daemon.status(),
    protocols: () => daemon.protocols().filter(concerns).map(narrow),
    interfaces: () => daemon.interfaces(),
    statics: () =>
      daemon
        .statics()
        .map((view) => ({ ...view, routes: view.routes.filter(({ prefix }) => prefix.family === family) }))
        .filter(({ routes }) => routes.length > 0),
    bfdSessions: () => daemon.bfdSessions().filter(({ address }) => address.family === family),
    memory: () => daemon.memory(),
    policies: () => daemon.policies(),
    tables: daemon.tables,
    exports: (protocol, asked) => (asked === family ? daemon.exports(protocol, family) : undefined),
    forwarding: () => daemon.forwarding(),
    explain: (target) => daemon.explain(target),
    actions: daemon.actions,
  };
}
